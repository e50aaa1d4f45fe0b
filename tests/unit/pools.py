"""Pools in memory, for unit tests: a proxy, its servers and clients, and a clock to move."""

from __future__ import annotations

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.service import ProxyService
from tests.rig.backends import build
from tests.rig.client import RawClient
from tests.rig.network import FakeNetwork

DRAIN = 100.0
"""Seconds after which a proxy has stopped, whatever its servers do."""

REFUSED = b"SERVER_ERROR Connection refused\r\n"
"""What clients are told when nobody listens, or when nobody is live."""

EJECTING = {"auto_eject_hosts": True, "server_failure_limit": 2, "server_retry_timeout": 30_000}
"""The settings of a pool that ejects."""


class Machine:
    """
    One imagined machine with one proxy.

    @ivar network: the proxy's reactor.
    @ivar servers: by name.
    """

    def __init__(self):
        self.network = FakeNetwork()
        self.servers = {}
        self.proxy = None

    def serve(self, *names, **spec):
        """Make servers: embedded memcacheds, or what the description says."""
        for name in names:
            made = build(self.network, len(self.servers), {"type": "memcached", **spec}, "/tmp")
            self.servers[name] = made

    def configure(self, name="pool", **settings):
        """The configuration of a pool in front of all servers."""
        servers = tuple(
            ServerConfig(host=each.address[0], port=each.address[1], name=name)
            for name, each in self.servers.items()
        )
        listen = Listen(host="127.0.0.1")
        settings = {"listen": listen, "servers": servers, **settings}
        return PoolConfig(name=name, **settings)

    def start(self, **settings):
        """Start a proxy of one pool in front of all servers, and give that."""
        config = self.configure(**settings)
        self.proxy = ProxyService([config], self.network)
        self.proxy.startService()
        self.network.settle()
        return self.proxy.pools["pool"]

    def stop(self):
        """Stop the proxy; what it leaves is found by the caller."""
        stopped = []
        self.proxy.stopService().addCallback(stopped.append)
        assert self.network.wait(DRAIN, lambda: bool(stopped))

    def client(self):
        """Connect to the pool."""
        address = self.proxy.pools["pool"].address()
        return RawClient(self.network, (address.host, address.port))

    def key(self, name):
        """A key of the server with this name."""
        distributor = self.proxy.pools["pool"].distributor
        keys = (b"key%d" % number for number in range(10_000))
        return next(key for key in keys if distributor.locate(key).config.name == name)


def heard(client, limit=0.0):
    """What a client receives within so many seconds."""
    return client.receive(1 << 24, closed=False, limit=limit, quiet=0)


def ask(client, request, limit=0.0):
    """Send a request and give what comes back within so many seconds."""
    client.send(request)
    return heard(client, limit)


def feed(client, requests, backend):
    """Send requests until the client is held back over those that wait at a backend."""
    client.send(requests)
    while not backend.pipeline.heldBack:
        assert heard(client) == b""


def heardAll(client, expected):
    """Take all of this from a client that cannot send everything at once."""
    got = b""
    while len(got) < len(expected):
        piece = heard(client, 0.1)
        assert piece, got
        got += piece
    assert got == expected
