"""
A L{LineReceiver} that hands whole chunks to a grammar.

Its C{dataReceived} keeps LineReceiver's contract (lines through C{lineReceived}, raw bytes
through C{rawDataReceived}, C{setRawMode}, C{setLineMode}, pausing, re-entrance) and differs in
three things: it offers every chunk to the grammar first, which takes what is ordinary off the
front; it walks by offsets where the stock loop copies the rest of the buffer per line; and the
grammar says where a line ends, since servers do not all end one at their own delimiter alone.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IAddress
from twisted.protocols.basic import LineReceiver

from nuttwist.wire.framing import Grammar


class StreamTransport(Protocol):
    """
    What the protocols use of Twisted's stream transports, TCP and unix.

    @ivar bufferSize: bytes read at a time, and bytes to be sent over which a producer pauses.
    """

    bufferSize: int

    def write(self, data: bytes) -> None: ...

    def loseConnection(self) -> None: ...

    def loseWriteConnection(self) -> None: ...

    def abortConnection(self) -> None: ...

    def registerProducer(self, producer: Any, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def getPeer(self) -> IAddress: ...


class ChunkReceiver(LineReceiver):
    """
    Feeds one connection's bytes to a grammar.

    @ivar grammar: what the bytes mean.
    """

    delimiter = b"\r\n"
    transport: StreamTransport  # type: ignore[assignment]  # Twisted's says None before connecting
    _rawLeft = 0

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    def stopped(self) -> bool:
        """
        True when nothing further that was received is to be read.
        """
        return False

    def full(self) -> bool:
        """
        True when what was received is to be kept for later.
        """
        return False

    def dataReceived(self, data: bytes) -> None:
        if self._busyReceiving:
            self._buffer += data
            return
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        self._busyReceiving = True
        try:
            at = 0
            if self.line_mode and not self.paused and not self.stopped():
                at = self.grammar.bulk(data, 0)
            if at < len(data) or self._buffer:
                self._receive(data, at)
        finally:
            self._busyReceiving = False

    def _receive(self, data: bytes, at: int) -> None:
        while at < len(data) and not (self.paused or self.stopped() or self.full()):
            if self.line_mode:
                at = self.grammar.bulk(data, at)
                end, after = self.grammar.lineEnd(data, at)
                if after >= 0:
                    self.lineReceived(data[at:end])
                    at = after
                else:
                    if at < len(data):
                        self.grammar.partial(data[at:])
                    if not self._buffer:
                        break
            else:
                rest, data, at = data[at:], b"", 0
                self.rawDataReceived(rest)
            if self._buffer:
                # Put there by setLineMode, or received while this was busy.
                data, at = data[at:] + self._buffer, 0
                self._buffer = b""
        self._buffer = b"" if self.stopped() else data[at:]

    def lineReceived(self, line: bytes) -> None:
        """
        Give the grammar a line, and switch to raw mode if a value follows it.
        """
        self._rawLeft = self.grammar.line(line)
        if self._rawLeft:
            self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        """
        Give the grammar a piece of the value, and go back to lines behind its end.
        """
        piece = data[: self._rawLeft]
        self._rawLeft -= len(piece)
        self.grammar.raw(piece, not self._rawLeft)
        if not self._rawLeft:
            self.setLineMode(data[len(piece) :])
