"""
The end of a connection to somebody who may still be sending.

A socket that is closed while bytes come for it answers them with a reset, and a reset costs the
other side whatever it has not taken yet. So only the writing side is closed, behind what was
written, and what comes is read and dropped until the other side closes too or a bound is reached:
the lingering close of RFC 9112, section 9.6. TLS does the same with its own notice of the end.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import StreamTransport

#: Seconds for the other side to close, once everything is sent, and looks in that time: it may be
#: that part of it shorter.
SECONDS, LOOKS = 1.0, 4

#: Bytes that are dropped at most; more than the system has room for on both sides.
BYTES = 16 * 1024 * 1024


def unsent(transport: StreamTransport) -> int:
    """
    Bytes that a transport keeps until the socket takes them. Those of Twisted all have these
    attributes, but no name for their sum; TLS passes on what it wraps.
    """
    buffered: int = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
    added: int = getattr(transport, "_tempDataLen", 0)
    return buffered + added


class Lingering:
    """
    One connection at its end. Whoever has it passes on what comes, and tells when it is lost.
    """

    def __init__(self, transport: StreamTransport, clock: Clock) -> None:
        """
        @param transport: nothing more is written to it; it has no producer.
        """
        self._transport = transport
        # TLS has a transport of its own, and says itself that it ends.
        self._socket: Any = getattr(transport, "transport", transport)
        self._clock = clock
        self._left = BYTES
        self._delayed: IDelayedCall | None = None
        # How many looks in a row have found that all is sent.
        self._looks = 0
        transport.resumeProducing()
        if self._socket is transport:
            transport.loseWriteConnection()
        else:
            transport.loseConnection()
        self._wait()

    def _wait(self) -> None:
        self._delayed = self._clock.callLater(SECONDS / LOOKS, self._look)

    def _look(self) -> None:
        self._delayed = None
        self._looks = 0 if unsent(self._transport) else self._looks + 1
        if self._looks >= LOOKS:
            self.end()
        else:
            self._wait()

    def received(self, data: bytes) -> None:
        """
        Drop it.
        """
        self._left -= len(data)
        if self._left < 0:
            self.end()

    def end(self) -> None:
        """
        Close, behind what is not sent yet.
        """
        self.lost()
        self._socket.loseConnection()

    def abort(self) -> None:
        """
        Close now; what is not sent yet is lost.
        """
        if unsent(self._transport):
            self._transport.abortConnection()
        else:
            self.end()

    def lost(self) -> None:
        """
        The connection is gone.
        """
        delayed, self._delayed = self._delayed, None
        if delayed is not None:
            delayed.cancel()
