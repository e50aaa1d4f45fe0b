"""Servers by name: what a name stands for is asked for each connection, and blocks nobody."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from socket import getaddrinfo, socket
from unittest import SkipTest

import attrs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IHostnameResolver
from twisted.logger import globalLogPublisher
from zope.interface import implementer

from nuttwist.net.watcher import State

from .case import PlainReactor, ProxyCase
from .servers import LOOPBACK, KeptFactory, Peer

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
GET = b"get k\r\n"
NAME = "cache.example"
REFUSED = "Connection refused"


@contextmanager
def deaf(host, port):
    """An address where connections are neither made nor refused, for its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket())
        listening.bind((host, port))
        listening.listen(0)
        for _ in range(8):
            each = stack.enter_context(socket())
            each.setblocking(False)
            each.connect_ex((host, port))
        yield


@implementer(IHostnameResolver)
class Names:
    """
    Knows what it is told, and answers when it is told to.

    @ivar addresses: of every name.
    @ivar asked: how often it was asked.
    @ivar isSilent: leaves its callers without an answer until it is told otherwise.
    """

    def __init__(self, *addresses):
        self.addresses = addresses
        self.asked = 0
        self.isSilent = False
        self._waiting = []

    def resolveHostName(self, receiver, hostName, portNumber=0, *_, **__):
        """See L{IHostnameResolver}."""
        self.asked += 1
        receiver.resolutionBegan(None)
        for each in self.addresses:
            kind = IPv6Address if ":" in each else IPv4Address
            receiver.addressResolved(kind("TCP", each, portNumber))
        self._waiting.append(receiver)
        if not self.isSilent:
            self.answer()

    def answer(self):
        """Give all that wait their answer."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.resolutionComplete()


class ServersByName:
    """Names of all kinds."""

    def known(self, *addresses):
        """Have every name stand for these addresses."""
        names = Names(*addresses)
        self.addCleanup(self.reactor.installNameResolver, self.reactor.installNameResolver(names))
        return names

    def named(self, peer, **settings):
        """Start a pool of a server that is known by its name."""
        peer.config = attrs.evolve(peer.config, host=NAME)
        return self.pool(peer, **settings)

    def onIPv6(self):
        """Start an embedded memcached on the IPv6 loopback address alone."""
        try:
            made = Peer(self.reactor, KeptFactory(), "one", host="::1")
        except CannotListenError as none:
            raise SkipTest("there is no IPv6 here") from none
        return self._kept(made)

    async def test_aNameWithAnIPv6AddressOnly(self):
        """Its IPv6 address is taken when it has no other."""
        self.known("::1")
        await (await self.client(self.named(self.onIPv6()))).answers(*SET)

    async def test_aNameWithBothKindsOfAddresses(self):
        """The IPv4 address has precedence, wherever it stands."""
        self.known("::1", LOOPBACK)
        await (await self.client(self.named(self.demo()))).answers(*SET)

    async def test_aServerOnTheLastOfItsAddressesOnly(self):
        """Those that refuse are passed over, for the first client already."""
        self.known("::1", LOOPBACK, "127.0.0.2")
        await (await self.client(self.named(self.onIPv6()))).answers(*SET)

    async def test_localhostOnIPv6(self):
        """The system's own name for this machine stands for both kinds."""
        if not any(each[4][0] == "::1" for each in getaddrinfo("localhost", 0)):
            raise SkipTest("localhost has no IPv6 address here")
        server = self.onIPv6()
        server.config = attrs.evolve(server.config, host="localhost")
        await (await self.client(self.pool(server))).answers(*SET)

    async def test_anAddressThatAnswersNobody(self):
        """It costs its share of the timeout, and the other serves within that."""
        self.known("127.0.0.2", LOOPBACK)
        server = self.demo()
        with deaf("127.0.0.2", server.config.port):
            pool = self.named(server, timeout=2000)
            began = self.reactor.seconds()
            await (await self.client(pool)).answers(*SET)
            self.assertGreaterEqual(self.reactor.seconds() - began, 0.9)
        self.assertEqual(pool.distributor.servers[0].counters.server_timedout, 0)

    async def test_noneOfTheAddressesAnswers(self):
        """One failure of one server, and the log names every address."""
        self.known("127.0.0.2", LOOPBACK)
        server = self.demo()
        await server.stop()
        logged = []
        globalLogPublisher.addObserver(logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, logged.append)
        pool = self.named(server)
        await (await self.client(pool)).answers(GET, b"SERVER_ERROR Connection refused\r\n")
        self.assertEqual(pool.distributor.servers[0].counters.server_err, 1)
        reasons = [each["reason"] for each in logged if each.get("counter") == "server_err"]
        self.assertEqual(reasons, [f"127.0.0.2: {REFUSED}; {LOOPBACK}: {REFUSED}"])

    async def test_aStopBetweenTwoAddresses(self):
        """The next one is not tried, and nothing is left."""
        self.known("127.0.0.2", LOOPBACK)
        server = self.demo()
        with deaf("127.0.0.2", server.config.port):
            pool = self.named(server, timeout=60_000)
            client = await self.client(pool)
            client.send(GET)
            while pool.distributor.servers[0].backends[0].state is not State.CONNECTING:
                await self.turn()
            await pool.parent.stopService()
            await client.untilLost()
        self.assertEqual(server.factory.kept, set())
        self.assertEqual(self.delayedCalls(), [])

    async def test_aNameThatMoves(self):
        """The next connection goes where the name leads by then."""
        names = self.known(LOOPBACK)
        server = self.demo()
        pool = self.named(server)
        client = await self.client(pool)
        await client.answers(*SET)
        names.addresses = ()
        await server.cut()
        while pool.distributor.servers[0].counters.server_connections:
            await self.turn()
        await client.answers(GET, b"SERVER_ERROR Host is down\r\n")
        names.addresses = (LOOPBACK,)
        await client.answers(GET, b"VALUE k 0 1\r\nx\r\nEND\r\n")
        self.assertEqual(names.asked, 3)

    async def test_aNameWithoutAnAddress(self):
        """It is a failed server, and each request is told so."""
        self.known()
        client = await self.client(self.named(self.demo()))
        for _ in range(2):
            await client.answers(GET, b"SERVER_ERROR Host is down\r\n")

    async def test_aNameThatCannotBeAskedFor(self):
        """What no query can hold fails at once."""
        server = self.demo()
        server.config = attrs.evolve(server.config, host="x" * 70)
        client = await self.client(self.pool(server))
        await client.answers(GET, b"SERVER_ERROR Host is down\r\n")

    async def test_aResolverThatIsSilent(self):
        """The time for a connection is over the lookup too; a late answer is too late."""
        names = self.known(LOOPBACK)
        names.isSilent = True
        client = await self.client(self.named(self.demo(), timeout=50))
        await client.answers(GET, b"SERVER_ERROR Connection timed out\r\n")

    async def test_aStopDuringTheLookup(self):
        """A proxy that is stopped waits for no name."""
        names = self.known(LOOPBACK)
        names.isSilent = True
        pool = self.named(self.demo())
        client = await self.client(pool)
        client.send(GET)
        while not names.asked:
            await self.turn()
        await pool.parent.stopService()
        self.assertNotIn(b"END", await client.untilLost())
        names.answer()
        self.assertEqual(self.delayedCalls(), [])

    async def test_aStopWhenTheNameHasJustBeenFound(self):
        """A connection that is begun while the listener closes leaves nothing either."""
        names = self.known(LOOPBACK)
        names.isSilent = True
        pool = self.named(self.demo(), preconnect=True)
        stopped = pool.parent.stopService()
        names.answer()
        self.assertFalse(stopped.called)
        await stopped
        self.assertEqual(self.delayedCalls(), [])


class BatchedNameTests(ServersByName, ProxyCase):
    """On the turn batcher."""


class PlainNameTests(ServersByName, ProxyCase):
    """On the reactor as it is."""

    @staticmethod
    def reactorOfProxy(reactor):
        """Take the resolver of this test."""
        return PlainReactor(reactor)
