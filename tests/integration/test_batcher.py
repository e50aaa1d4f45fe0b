"""What the turn batcher does in one turn, on real sockets."""

from __future__ import annotations

import fcntl
import sys
import termios

from twisted.internet.interfaces import IReactorFDSet
from zope.interface.verify import verifyObject

from nuttwist.net.batcher import PER_TURN

from .batching import BatcherCase


def arrived(transport):
    """How many bytes the kernel has for a connection that were not read yet."""
    return int.from_bytes(
        fcntl.ioctl(transport.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder
    )


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
        while any(arrived(server.transport) < 3000 for _, server in pairs):
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
