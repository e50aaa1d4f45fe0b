"""The life of the turn batcher, and the mistakes that it survives, on real sockets."""

from __future__ import annotations

import gc
from weakref import ref

from twisted.internet.error import (
    ConnectError,
    ConnectionLost,
    ConnectionRefusedError as Refused,
    DNSLookupError,
)
from twisted.python.failure import Failure

from tests.ports import freePort

from .batching import BatcherCase, Recorder, RecorderFactory
from .servers import LOOPBACK
from .talking import TalkerFactory


class Mistake(Exception):
    """What a protocol in these tests raises."""


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
        factory = TalkerFactory()
        self.batcher.connectTCP(LOOPBACK, freePort(), factory)
        await self.assertFailure(factory.made, Refused)
        self.assertEqual(self.batcher.fileno(), -1)

    async def test_aFailedConnectionIsNoWorkForTheGarbageCollector(self):
        """Its transport is gone a moment later, although nobody looks for cycles."""
        missing = self.directory() / "missing"
        number = freePort()
        gc.disable()
        self.addCleanup(gc.enable)
        for connect in (
            lambda factory: self.batcher.connectTCP(LOOPBACK, number, factory),
            lambda factory: self.batcher.connectUNIX(str(missing), factory),
        ):
            factory = TalkerFactory()
            transport = ref(connect(factory).transport)
            await self.assertFailure(factory.made, ConnectError)
            await self.turn()
            self.assertIsNone(transport())

    async def test_aNameThatNoQueryCanCarry(self):
        """A label of 70 letters fails at once as an unknown name, and is not waited for."""
        factory = TalkerFactory()
        self.batcher.connectTCP("x" * 70, 11211, factory)
        await self.assertFailure(factory.made, DNSLookupError)

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
