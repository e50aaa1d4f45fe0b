"""The turn batcher on real sockets: its promises for a turn, for mistakes, and for its life."""

from __future__ import annotations

import socket

from twisted.internet.error import ConnectionLost, ConnectionRefusedError as Refused
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from nuttwist.net.batcher import PER_TURN, TurnBatcher

from .case import ProxyCase
from .servers import LOOPBACK
from .talking import TalkerFactory, connectTo


class Mistake(Exception):
    """What a protocol in these tests raises."""


class Recorder(Protocol):
    """
    A connection that its factory knows.

    @ivar reads: how many pieces it has received.
    @ivar lost: why the connection ended.
    """

    reads = 0
    lost = None
    received = b""

    def connectionMade(self):
        self.factory.made.append(self)
        self.factory.log.append(("made", self))

    def dataReceived(self, data):
        self.reads += 1
        self.received += data
        self.factory.log.append(("read", self))
        self.factory.script(self, data)

    def connectionLost(self, reason):
        self.lost = reason
        self.factory.log.append(("lost", self))


class RecorderFactory(ServerFactory):
    noisy = False
    protocol = Recorder

    def __init__(self, script=lambda *_: None):
        self.script = script
        self.made = []
        self.log = []


class BatcherCase(ProxyCase):
    """A test with a turn batcher of its own."""

    async def setUp(self):
        await ProxyCase.setUp(self)
        self.batcher = TurnBatcher(self.reactor)

    async def listen(self, script=lambda *_: None, protocol=Recorder):
        """Listen through the batcher; the factory knows the port's address."""
        factory = RecorderFactory(script)
        factory.protocol = protocol
        port = self.batcher.listenTCP(0, factory, interface=LOOPBACK)
        self.addCleanup(port.stopListening)
        factory.address = port.getHost()
        return factory

    async def talker(self, factory):
        """A client on the reactor itself, and the batcher's end of the connection."""
        before = len(factory.made)
        client = await connectTo(self.reactor, factory.address)
        self._clients.append(client)
        while len(factory.made) == before:
            await self.turn()
        return client, factory.made[-1]


class TurnTests(BatcherCase):
    """What happens in one turn."""

    def test_itProvidesItsInterface(self):
        """Twisted's transports find the methods they call."""
        self.assertTrue(verifyObject(IReactorFDSet, self.batcher))

    async def test_readyConnectionsAreReadOnceEachInATurn(self):
        """Whoever has much to say is read once before everybody else was read."""
        factory = await self.listen()
        pairs = [await self.talker(factory) for _ in range(5)]
        factory.log.clear()
        for _, server in pairs:
            server.transport.bufferSize = 1000
            server.transport.pauseProducing()
        for client, _ in pairs:
            client.send(b"x" * 3000)
        await self.turn()
        for _, server in pairs:
            server.transport.resumeProducing()
        while sum(len(server.received) for _, server in pairs) < 15000:
            await self.turn()
        readers = [who for what, who in factory.log if what == "read"]
        for begin in range(0, 15, 5):
            self.assertEqual(len(set(readers[begin : begin + 5])), 5)

    async def test_oneSendForEachConnectionInATurn(self):
        """Many writes to a connection in one turn leave in one send."""

        def echo(*_):
            for each in factory.made:
                for _ in range(10):
                    each.transport.write(b"0123456789")

        factory = await self.listen(echo)
        pairs = [await self.talker(factory) for _ in range(3)]
        sends = [self.countSends(server.transport) for _, server in pairs]
        pairs[0][0].send(b"go")
        for client, _ in pairs:
            self.assertEqual(await client.take(100), b"0123456789" * 10)
        self.assertEqual(sends, [[100]] * 3)

    def countSends(self, transport):
        """Note the size of every send of a transport."""
        sizes = []
        plain = transport.writeSomeData

        def writeSomeData(data):
            sizes.append(len(data))
            return plain(data)

        transport.writeSomeData = writeSomeData
        return sizes

    async def test_tasksAreDoneBeforeTheSends(self):
        """What the tasks of a turn write goes out with the rest of the turn."""

        class Task:
            def turnEnded(self):
                factory.made[0].transport.write(b" task")

        def answer(server, _):
            self.batcher.turn.add(Task())
            server.transport.write(b"read")

        factory = await self.listen(answer)
        client, server = await self.talker(factory)
        sizes = self.countSends(server.transport)
        client.send(b"go")
        self.assertEqual(await client.take(9), b"read task")
        self.assertEqual(sizes, [9])

    async def test_moreConnectionsThanATurnServes(self):
        """Those that one turn leaves out are served in the next."""
        factory = await self.listen(lambda server, data: server.transport.write(data))
        pairs = [await self.talker(factory) for _ in range(PER_TURN + 20)]
        for client, _ in pairs:
            client.send(b"ping")
        for client, _ in pairs:
            self.assertEqual(await client.take(4), b"ping")

    async def test_whatDoesNotFitIsSentWhenThereIsRoom(self):
        """A reader that lags gets everything in the end, in order."""
        factory = await self.listen()
        client, server = await self.talker(factory)
        client.transport.pauseProducing()
        data = b"".join(b"%07d\n" % number for number in range(1 << 20))
        server.transport.write(data)
        server.transport.loseConnection()
        await self.turn()
        self.assertIn(server.transport, self.batcher.getWriters())
        client.transport.resumeProducing()
        self.assertEqual(await client.untilLost(), data)

    async def test_aProducerIsPausedAndResumed(self):
        """A transport that cannot send tells its producer, and again when it has sent."""

        class Producer:
            told = ()

            def pauseProducing(self):
                self.told += ("pause",)

            def resumeProducing(self):
                self.told += ("resume",)

            def stopProducing(self):
                self.told += ("stop",)

        factory = await self.listen()
        client, server = await self.talker(factory)
        producer = Producer()
        server.transport.registerProducer(producer, True)
        client.transport.pauseProducing()
        server.transport.write(b"x" * (8 << 20))
        self.assertEqual(producer.told, ("pause",))
        client.transport.resumeProducing()
        await client.take(8 << 20)
        while producer.told == ("pause",):
            await self.turn()
        self.assertEqual(producer.told, ("pause", "resume"))


class ErrorTests(BatcherCase):
    """A mistake of one is nobody else's trouble."""

    async def othersGoOn(self, factory, errors=1):
        """One connection makes a mistake; one that is ready in the same turn is served."""
        (bad, badServer), (good, _) = await self.talker(factory), await self.talker(factory)
        bad.send(b"bad")
        good.send(b"good")
        self.assertEqual(await good.take(4), b"good")
        self.assertEqual(await good.ask(b"more", 4), b"more")
        self.assertEqual(len(self.flushLoggedErrors(Mistake)), errors)
        return bad, badServer

    async def test_inDataReceived(self):
        """Its connection is closed over the exception."""

        def script(server, data):
            if data == b"bad":
                raise Mistake
            server.transport.write(data)

        bad, badServer = await self.othersGoOn(await self.listen(script))
        await bad.untilLost()
        badServer.lost.trap(Mistake)

    async def test_inConnectionLost(self):
        """The connection is gone all the same."""

        class Faulty(Recorder):
            def connectionLost(self, reason):
                Recorder.connectionLost(self, reason)
                if self.received == b"bad":
                    raise Mistake

        def script(server, data):
            server.transport.write(data)
            if data == b"bad":
                server.transport.loseConnection()

        bad, _ = await self.othersGoOn(await self.listen(script, Faulty))
        self.assertEqual(await bad.untilLost(), b"bad")

    async def test_inATask(self):
        """The other tasks of the turn are done."""

        class Task:
            def __init__(self, server, data):
                self.server, self.data = server, data

            def turnEnded(self):
                if self.data == b"bad":
                    raise Mistake
                self.server.transport.write(self.data)

        await self.othersGoOn(
            await self.listen(lambda server, data: self.batcher.turn.add(Task(server, data)))
        )

    async def test_inAProducer(self):
        """A producer that raises when it is resumed loses its connection."""

        class Producer:
            def resumeProducing(self):
                raise Mistake

            def stopProducing(self):
                pass

        def script(server, data):
            if data == b"bad":
                server.transport.registerProducer(Producer(), True)
                server.transport.producerPaused = True
            server.transport.write(data)

        _, badServer = await self.othersGoOn(await self.listen(script))
        self.assertIsNotNone(badServer.lost)


class LifeTests(BatcherCase):
    """The epoll descriptor lives as long as there is something to watch."""

    async def test_withNothingToWatchNothingIsOpen(self):
        """The descriptor opens with the first port and closes with the last connection."""
        self.assertEqual(self.batcher.fileno(), -1)
        for _ in range(3):
            factory = RecorderFactory()
            port = self.batcher.listenTCP(0, factory, interface=LOOPBACK)
            factory.address = port.getHost()
            client, server = await self.talker(factory)
            self.assertIn(self.batcher, self.reactor.getReaders())
            await port.stopListening()
            self.assertNotEqual(self.batcher.fileno(), -1)
            client.transport.loseConnection()
            while server.lost is None:
                await self.turn()
            self.assertEqual(self.batcher.fileno(), -1)
            self.assertNotIn(self.batcher, self.reactor.getReaders())

    async def test_pausedConnectionsNeedNoDescriptor(self):
        """When all are paused there is nothing to watch; they go on when resumed."""
        factory = RecorderFactory()
        port = self.batcher.listenTCP(0, factory, interface=LOOPBACK)
        factory.address = port.getHost()
        client, server = await self.talker(factory)
        await port.stopListening()
        server.transport.pauseProducing()
        self.assertEqual(self.batcher.fileno(), -1)
        client.send(b"later")
        server.transport.resumeProducing()
        while server.received != b"later":
            await self.turn()

    async def test_aRefusedConnection(self):
        """The factory is told, and nothing stays open."""
        with socket.create_server((LOOPBACK, 0)) as probe:
            number = probe.getsockname()[1]
        factory = TalkerFactory()
        self.batcher.connectTCP(LOOPBACK, number, factory)
        await self.assertFailure(factory.made, Refused)
        self.assertEqual(self.batcher.fileno(), -1)

    async def test_aResetConnection(self):
        """A reset is a lost connection, and no clean end."""
        factory = await self.listen()
        client, server = await self.talker(factory)
        client.transport.abortConnection()
        while server.lost is None:
            await self.turn()
        server.lost.trap(ConnectionLost)

    async def test_theEndOfTheReactorReachesEverybody(self):
        """A reactor that shuts down tells its readers; the batcher passes it on."""
        factory = await self.listen()
        _, server = await self.talker(factory)
        self.reactor.removeReader(self.batcher)
        self.batcher.connectionLost(Failure(ConnectionLost()))
        self.assertIsNotNone(server.lost)
        self.assertEqual(self.batcher.fileno(), -1)
