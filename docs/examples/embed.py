"""
A Twisted program that has a memcached pool among its services, and uses it::

    python docs/examples/embed.py [HOST:PORT...]

The arguments are memcached servers; without any, two embedded ones are started in this process.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import react
from twisted.protocols.memcache import MemCacheProtocol

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory
from nuttwist.service import ProxyService


def embeddedServer(reactor: Any, name: str) -> ServerConfig:
    """
    Start a memcached in this process, on a port of the system's choice.
    """
    factory = DemoFactory(Cache(64 << 20, time.time))
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    return ServerConfig(host="127.0.0.1", port=port.getHost().port, name=name)


def serverAt(address: str) -> ServerConfig:
    """
    The server that HOST:PORT names.
    """
    host, _, port = address.rpartition(":")
    return ServerConfig(host=host, port=int(port))


async def main(reactor: Any, *addresses: str) -> None:
    """
    Start the services, store and fetch through the pool, stop the services.
    """
    servers = [serverAt(each) for each in addresses]
    servers = servers or [embeddedServer(reactor, name) for name in ("one", "two")]

    # Every key of the YAML file is a field here. Port 0 leaves the choice to the system.
    pool = PoolConfig(
        name="cache",
        listen=Listen(host="127.0.0.1", port=0),
        servers=tuple(servers),
        auto_eject_hosts=True,
        timeout=400,
    )
    services = MultiService()  # in a larger program, the one that holds all its services
    proxy = ProxyService([pool], reactor)
    proxy.setServiceParent(services)
    services.startService()

    try:
        # Any memcached client will do; this one is Twisted's own.
        address = proxy.pools["cache"].address()
        endpoint = TCP4ClientEndpoint(reactor, address.host, address.port)
        client = await connectProtocol(endpoint, MemCacheProtocol())
        await client.set(b"greeting", b"hello through the pool")
        _, value = await client.get(b"greeting")
        print(value.decode())
        client.transport.loseConnection()
    finally:
        # When this is done no socket and no timer of the proxy is left.
        await services.stopService()


if __name__ == "__main__":
    react(main, sys.argv[1:])
