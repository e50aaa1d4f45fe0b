"""
The proxy with nothing else needed: two embedded memcached servers and a pool in front of them.
"""

from __future__ import annotations

import time

from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTCP
from twisted.logger import Logger

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory
from nuttwist.logs.events import DEMO_LISTENING
from nuttwist.pool import PoolService
from nuttwist.sampling import Sampling
from nuttwist.service import ProxyService

LOOPBACK = "127.0.0.1"
POOL_PORT = 22121
SERVERS = ("one", "two")
SERVER_BYTES = 64 << 20

_log = Logger(namespace="nuttwist.demo")


def _number(port: IListeningPort) -> int:
    address = port.getHost()
    assert isinstance(address, IPv4Address)
    return address.port


class DemoService(MultiService):
    """
    Embedded servers on ports of the system's choice and a pool on L{POOL_PORT}, on loopback.

    The pool's configuration names the servers' ports, so the proxy comes to be at the start,
    once they listen, and is given up at the stop.
    """

    def __init__(
        self,
        reactor: IReactorTCP,
        statsAddress: tuple[str, int] | None,
        readSize: int,
        sampling: Sampling | None = None,
    ) -> None:
        """
        @param statsAddress: Where to listen for statistics, host and port.
        @param readSize: The bytes that the proxy reads from a connection at once.
        @param sampling: How requests are looked at; L{None}: not at all.
        """
        MultiService.__init__(self)
        self._reactor = reactor
        self._statsAddress = statsAddress
        self._readSize = readSize
        self._sampling = sampling
        self._verbosity = 0
        self._ports: list[IListeningPort] = []
        self._proxy: ProxyService | None = None

    @property
    def pools(self) -> dict[str, PoolService]:
        """
        The pool by its name, while it is started.
        """
        proxies = [each for each in self if isinstance(each, ProxyService)]
        return proxies[0].pools if proxies else {}

    def privilegedStartService(self) -> None:
        """
        @raise CannotListenError: If the pool's or the statistics' port is taken.
        """
        self._ports = [self._listen() for _ in SERVERS]
        pool = self._pool()
        self._proxy = ProxyService(
            [pool], self._reactor, self._statsAddress, self._readSize, sampling=self._sampling
        )
        self._proxy.setVerbosity(self._verbosity)
        self._proxy.setServiceParent(self)
        MultiService.privilegedStartService(self)

    def startService(self) -> None:
        if not self._ports:
            self.privilegedStartService()
        MultiService.startService(self)
        self._announce()

    async def _stop(self) -> None:
        for proxy in list(self):
            await maybeDeferred(proxy.disownServiceParent)
        ports, self._ports = self._ports, []
        for port in ports:
            await maybeDeferred(port.stopListening)
        await maybeDeferred(MultiService.stopService, self)

    def stopService(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._stop())

    def setVerbosity(self, verbosity: int) -> None:
        """Have a line in the log for each client, or none, as the proxy does."""
        self._verbosity = verbosity
        if self._proxy is not None:
            self._proxy.setVerbosity(verbosity)

    def abort(self) -> None:
        """Close every client at once, also while it is stopped."""
        if self._proxy is not None:
            self._proxy.abort()

    def _listen(self) -> IListeningPort:
        factory = DemoFactory(Cache(SERVER_BYTES, time.time))
        return self._reactor.listenTCP(0, factory, interface=LOOPBACK)

    def _pool(self) -> PoolConfig:
        servers = tuple(
            ServerConfig(host=LOOPBACK, port=_number(port), name=name)
            for name, port in zip(SERVERS, self._ports, strict=True)
        )
        listen = Listen(host=LOOPBACK, port=POOL_PORT)
        return PoolConfig(name="demo", listen=listen, servers=servers)

    def _announce(self) -> None:
        stats = self._statsAddress
        DEMO_LISTENING(
            _log,
            pool=f"{LOOPBACK}:{POOL_PORT}",
            servers=", ".join(f"{LOOPBACK}:{_number(port)}" for port in self._ports),
            statistics="{}:{}".format(*stats) if stats else "off",
            host=LOOPBACK,
            port=POOL_PORT,
        )
