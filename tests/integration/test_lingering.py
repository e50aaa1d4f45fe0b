"""Clients that send on while they are closed get what they were answered, and a clean end."""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from nuttwist.config import Listen
from nuttwist.net.lingering import SECONDS, unsent
from tests.rig.authority import Authority

from .case import PlainReactor, ProxyCase
from .servers import LOOPBACK
from .talking import Talker, TalkerFactory

REQUEST, ANSWER = b"get k\r\n", b"END\r\n"

#: Bytes that a client has at hand to be sent.
MUCH = 65536


@implementer(IHalfCloseableProtocol)
class Pipeliner(Talker):
    """
    A client that sends requests for as long as the connection takes them.

    @ivar ended: whether the other side has said that it sends no more.
    """

    ended = False
    obedient = True

    def begin(self, reactor):
        """Send from now on, so much a turn."""
        if self.lost is None and not (self.ended and self.obedient):
            if unsent(self.transport) < MUCH:
                self.transport.write(REQUEST * 100)
            reactor.callLater(0, self.begin, reactor)

    def readConnectionLost(self):
        self.ended = True
        if self.obedient:
            self.transport.loseConnection()
        self._look()

    def writeConnectionLost(self):
        """Never asked for."""


class PipelinerFactory(TalkerFactory):
    """Makes one L{Pipeliner}."""

    def buildProtocol(self, addr):
        made = Pipeliner()
        made.connectionMade = lambda: self.made.callback(made)
        return made


class Lingering:
    """Closes of every kind, on every kind of connection."""

    async def pipeliner(self, pool):
        """Connect a client that is to send on and on."""
        factory = PipelinerFactory()
        address = pool.address()
        if hasattr(address, "name"):
            self.reactor.connectUNIX(address.name, factory)
        else:
            self.reactor.connectTCP(LOOPBACK, address.port, self.wrapped(factory))
        made = await factory.made
        self._clients.append(made)
        return made

    authority = None

    def wrapped(self, factory):
        """What connects, with TLS if there is an authority."""
        if self.authority is None:
            return factory
        trust = Certificate.loadPEM(self.authority.path.read_bytes())
        outer = TLSMemoryBIOFactory(optionsForClientTLS("pool.example", trust), True, factory)
        outer.clientConnectionFailed = factory.clientConnectionFailed
        return outer

    def listens(self, kind):
        """Where a pool is to listen."""
        if kind == "unix":
            return Listen(path=str(self.directory() / "pool"))
        if kind == "tls":
            self.authority = Authority(self.directory())
            certificate, key = self.authority.sign("pool.example")
            files = f"privateKey={key}:certKey={certificate}"
            return Listen(endpoint=f"ssl:0:interface={LOOPBACK}:{files}")
        return Listen(host=LOOPBACK)

    async def stoppedAmidst(self, kind):
        """A stop while a client sends on: it gets each reply that the server gave, and the end."""
        pool = self.pool(self.demo(), listen=self.listens(kind), drain_timeout=30_000)
        client = await self.pipeliner(pool)
        client.begin(self.reactor)
        await client.until(lambda: len(client.received) > 1000 * len(ANSWER))
        await pool.parent.stopService()
        await client.until(lambda: client.lost is not None)
        answered = pool.distributor.servers[0].counters.responses
        self.assertGreaterEqual(answered, 1000)
        self.assertEqual(client.received, ANSWER * answered)
        client.lost.trap(ConnectionDone)

    async def test_tcp(self):
        """A stop on TCP."""
        await self.stoppedAmidst("tcp")

    async def test_unix(self):
        """A stop on a unix socket."""
        await self.stoppedAmidst("unix")

    async def test_tls(self):
        """A stop with TLS."""
        await self.stoppedAmidst("tls")

    async def test_aPoolThatGoes(self):
        """Another configuration without the pool is no stop, and the same for its clients."""
        one = self.demo()
        pool = self.pool(one, drain_timeout=30_000)
        client = await self.pipeliner(pool)
        client.begin(self.reactor)
        await client.until(lambda: len(client.received) > 1000 * len(ANSWER))
        await pool.parent.reconfigure([self.configure(one, name="another")])
        await client.until(lambda: client.lost is not None)
        answered = pool.distributor.servers[0].counters.responses
        self.assertEqual(client.received, ANSWER * answered)
        client.lost.trap(ConnectionDone)

    async def test_aMistakeInTheMiddle(self):
        """What was asked before it is answered, and what comes behind it breaks nothing."""
        for kind in ("tcp", "unix", "tls"):
            client = await self.pipeliner(self.pool(self.demo(), listen=self.listens(kind)))
            client.send(REQUEST * 500 + b"\x80 binary")
            client.begin(self.reactor)
            said = await client.untilLost()
            self.assertEqual(said[: len(ANSWER) * 500], ANSWER * 500, kind)
            self.assertEqual(said.count(b"\r\n"), 501)
            client.lost.trap(ConnectionDone)
            self.authority = None

    async def test_oneTooMany(self):
        """It is told so although it has much to say."""
        for kind in ("tcp", "unix", "tls"):
            pool = self.pool(self.demo(), listen=self.listens(kind), client_connections=1)
            first = await self.pipeliner(pool)
            await first.answers(REQUEST, ANSWER)
            client = await self.pipeliner(pool)
            client.begin(self.reactor)
            told = b"ERROR Too many open connections\r\n"
            self.assertEqual(await client.untilLost(), told, kind)
            client.lost.trap(ConnectionDone)
            self.authority = None

    async def test_whoDoesNotStopIsCutOff(self):
        """A client that has seen the end and sends on has a second, or what is dropped of it."""
        pool = self.pool(self.demo())
        client = await self.pipeliner(pool)
        client.obedient = False
        client.begin(self.reactor)
        client.send(b"quit\r\n")
        await client.until(lambda: client.ended)
        before = self.reactor.seconds()
        await client.untilLost()
        self.assertLess(self.reactor.seconds() - before, 30 * SECONDS)
        self.assertEqual(pool.frontend.clients, set())


class BatchedLingeringTests(Lingering, ProxyCase):
    """On the turn batcher."""


class PlainLingeringTests(Lingering, ProxyCase):
    """On a reactor that has no descriptors."""

    reactorOfProxy = PlainReactor
