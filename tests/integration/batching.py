"""A turn batcher with connections that note what happens to them."""

from __future__ import annotations

from twisted.internet.protocol import Protocol, ServerFactory

from nuttwist.net.batcher import TurnBatcher

from .case import ProxyCase
from .servers import LOOPBACK
from .talking import connectTo


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
