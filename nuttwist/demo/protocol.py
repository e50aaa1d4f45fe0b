"""
The embedded server on the wire: lines and values in, replies out, nothing decided here.

Lines end in LF with an optional CR before it, as memcached takes them. A storage command's
L{Body} switches the receiver to raw bytes until the value and its line end are there.
"""

from __future__ import annotations

from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.demo.cache import Cache
from nuttwist.demo.commands import perform
from nuttwist.demo.replies import Body, Host, Result

DEMO_VERSION = "0.1.0-demo"


class _ITransport(ITCPTransport, IConsumer):
    """A connection that can pause a producer, which all of Twisted's can."""


@implementer(IPushProducer)
class MemcacheServer(LineReceiver):
    """
    One client's connection to the embedded server.

    @ivar MAX_LENGTH: the longest line in bytes. memcached reads a multi-key get of any length and
        hangs up on any other long line; this much holds four thousand keys of the greatest
        length.
    """

    transport: _ITransport
    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self, host: Host) -> None:
        """
        @param host: the store and what else the connections of a server share.
        """
        self._host = host
        self._body: Body | None = None
        self._missing = 0
        self._ended = False
        self._chunks: list[bytes] = []

    def connectionMade(self) -> None:
        self._host.connections += 1
        self._host.totalConnections += 1
        # A client that does not read its answers is not read either.
        self.transport.registerProducer(self, streaming=True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._host.connections -= 1
        self._body = None
        self._chunks = []

    def lineReceived(self, line: bytes) -> None:
        if self._ended:
            return
        # A line of one CR alone is not an empty line to memcached, but both are answered ERROR.
        self._answer(perform(self._host, line.removesuffix(b"\r")))

    def lineLengthExceeded(self, line: bytes) -> None:
        self._hangUp()

    def rawDataReceived(self, data: bytes) -> None:
        mine, rest = data[: self._missing], data[self._missing :]
        self._missing -= len(mine)
        if self._body is not None and self._body.keep:
            self._chunks.append(mine)
        if not self._missing:
            self._finishBody(rest)

    def _finishBody(self, rest: bytes) -> None:
        body, data = self._body, b"".join(self._chunks)
        self._body, self._chunks = None, []
        if body is not None:
            self._answer(body.finish(data))
        self.setLineMode(rest)

    def _answer(self, result: Result) -> None:
        if result is None:
            self._hangUp()
        elif isinstance(result, Body):
            self._body, self._missing = result, result.length
            self.setRawMode()
        elif result:
            self.transport.write(result)

    def _hangUp(self) -> None:
        self._ended = True
        self.transport.unregisterProducer()
        self.transport.loseConnection()


class DemoFactory(ServerFactory):
    """
    An embedded server: all its connections share one L{Cache}.

    @ivar host: the store, the version and the number of connections.
    """

    noisy = False

    def __init__(self, cache: Cache, version: str = DEMO_VERSION) -> None:
        """
        @param version: what the command "version" tells after the word C{VERSION}.
        """
        self.host = Host(cache, version)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        protocol = MemcacheServer(self.host)
        protocol.factory = self
        return protocol
