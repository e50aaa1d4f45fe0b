"""One embedded server in memory, a clock that stands still, and the three ways to send it bytes."""

from __future__ import annotations

import attrs
from twisted.internet.testing import StringTransport

from nuttwist.demo.cache import Cache
from nuttwist.demo.protocol import DemoFactory, MemcacheServer

EPOCH = 1_700_000_000


@attrs.define
class Seconds:
    """
    The time as a test sets it.

    @ivar now: seconds since 1970.
    """

    now: float = EPOCH

    def __call__(self) -> float:
        return self.now


class Server:
    """
    An embedded server and as many connections to it as asked for.

    @ivar seconds: its clock.
    @ivar cache: its store.
    """

    def __init__(self, maxBytes: int = 1 << 20, itemSizeMax: int = 1 << 20) -> None:
        self.seconds = Seconds()
        self.cache = Cache(maxBytes, self.seconds, itemSizeMax)
        self.factory = DemoFactory(self.cache)

    def connect(self) -> tuple[MemcacheServer, StringTransport]:
        """Open a connection; give its server side and what it writes to."""
        protocol, transport = self.factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def ask(self, request: bytes) -> bytes:
        """Send a request on a connection of its own; give the whole answer."""
        protocol, transport = self.connect()
        protocol.dataReceived(request)
        return transport.value()


def tellThreeWays(request: bytes, **limits: int) -> set[bytes]:
    """
    Send a request to a new server at once, byte by byte, and with the start of another behind it.

    @return: the answers; one alone when they agree.
    """
    return {_whole(request, limits), _byteByByte(request, limits), _trailed(request, limits)}


def _whole(request: bytes, limits: dict[str, int]) -> bytes:
    return Server(**limits).ask(request)


def _byteByByte(request: bytes, limits: dict[str, int]) -> bytes:
    protocol, transport = Server(**limits).connect()
    for at in range(len(request)):
        protocol.dataReceived(request[at : at + 1])
    return transport.value()


def _trailed(request: bytes, limits: dict[str, int]) -> bytes:
    protocol, transport = Server(**limits).connect()
    protocol.dataReceived(request + b"m")
    reply = transport.value()
    protocol.dataReceived(b"n\r\n")
    hungUp = transport.disconnecting
    assert transport.value() == reply + (b"" if hungUp else b"MN\r\n"), "the bytes behind were lost"
    return reply
