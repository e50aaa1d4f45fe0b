"""
Clients of the proxy on real sockets: bytes out, bytes in, and a wait for what is to come.

Nothing here waits for time to pass: a wait ends with an event, or with the deadline of the test.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure


class Talker(Protocol):
    """
    One connection, driven by a test.

    @ivar received: what has come and was not taken yet.
    @ivar lost: how the connection ended, or L{None}.
    """

    def __init__(self):
        self.received = b""
        self.lost: Failure | None = None
        self._waits: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def dataReceived(self, data):
        self.received += data
        self._look()

    def connectionLost(self, reason=connectionDone):
        self.lost = reason
        self._look()

    def _look(self):
        for wait in list(self._waits):
            condition, waiting = wait
            if wait in self._waits and condition():
                self._waits.remove(wait)
                waiting.callback(None)

    def until(self, condition):
        """Wait for something that bytes or the end of the connection bring about."""
        waiting = Deferred()
        self._waits.append((condition, waiting))
        self._look()
        return waiting

    def send(self, data):
        """Write bytes."""
        self.transport.write(data)

    async def take(self, size):
        """Wait for so many bytes, or the end, and take them."""
        await self.until(lambda: len(self.received) >= size or self.lost is not None)
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    async def line(self):
        """Wait for a whole line and take it."""
        await self.until(lambda: b"\r\n" in self.received or self.lost is not None)
        at = self.received.find(b"\r\n") + 2
        return await self.take(at if at > 1 else len(self.received))

    async def ask(self, request, size):
        """Send a request and take an answer of so many bytes."""
        self.send(request)
        return await self.take(size)

    async def answers(self, request, expected):
        """Send a request; fail unless exactly this comes."""
        got = await self.ask(request, len(expected))
        assert got == expected, f"{request[:60]!r}: got {got[:200]!r}, not {expected[:200]!r}"

    async def untilLost(self):
        """Wait for the end of the connection and take what came before it."""
        await self.until(lambda: self.lost is not None)
        return await self.take(len(self.received))


class TalkerFactory(ClientFactory):
    """
    Makes one L{Talker}.

    @ivar made: fires with it when it is connected, or fails.
    """

    noisy = False

    def __init__(self):
        self.made = Deferred()

    def buildProtocol(self, addr):
        talker = Talker()
        talker.factory = self
        talker.connectionMade = lambda: self.made.callback(talker)
        return talker

    def clientConnectionFailed(self, connector, reason):
        self.made.errback(reason)


def connectTo(reactor, address):
    """Connect to where a port says it listens; a Deferred L{Talker}."""
    factory = TalkerFactory()
    if isinstance(address, UNIXAddress):
        reactor.connectUNIX(address.name, factory)
    else:
        assert isinstance(address, IPv4Address | IPv6Address)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
        reactor.connectTCP(host, address.port, factory)
    return factory.made
