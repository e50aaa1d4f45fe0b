"""
Connections that are told one thing and closed.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import StreamTransport
from nuttwist.net.lingering import Lingering

#: What they are told; L{Deferred} when it is not known yet.
Text = Callable[[], "bytes | Deferred[bytes]"]

#: So many may linger once they are told; when there are more, the oldest is closed. They count as
#: clients nowhere, and many may come at a time.
MOST = 64


@implementer(IHalfCloseableProtocol)
class Notice(Protocol):
    """
    One of them.
    """

    transport: StreamTransport  # type: ignore[assignment]  # Twisted's says None before connecting
    _lingering: Lingering | None = None
    _halfClosed = False
    _gone = False

    def __init__(self, text: Text, keeper: Notices) -> None:
        self._text = text
        self._keeper = keeper

    def connectionMade(self) -> None:
        self._keeper.opened(self)
        text = self._text()
        if isinstance(text, bytes):
            self._say(text)
        else:
            text.addCallback(self._say)

    def _say(self, text: bytes) -> None:
        if self._gone:
            return
        self.transport.write(text)
        if self._halfClosed:
            self.transport.loseConnection()
        else:
            self._lingering = Lingering(self.transport, self._keeper.clock)
            self._keeper.told(self)

    def dataReceived(self, data: bytes) -> None:
        if self._lingering is not None:
            self._lingering.received(data)

    def readConnectionLost(self) -> None:
        """
        The other side says nothing more; it may be reading.
        """
        self._halfClosed = True
        if self._lingering is not None:
            self._lingering.end()

    def writeConnectionLost(self) -> None:
        """
        All is sent.
        """

    def end(self) -> None:
        """
        Close behind what it was told.
        """
        if self._lingering is not None:
            self._lingering.end()

    def abort(self) -> None:
        """
        Close now.
        """
        if self._lingering is None:
            self.transport.abortConnection()
        else:
            self._lingering.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        if self._lingering is not None:
            self._lingering.lost()
        self._keeper.closed(self)


class Notices:
    """
    Those that have not taken all of it yet, or not been told.

    @ivar clock: for how long they may linger.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._open: set[Notice] = set()
        # In the order in which they were told.
        self._lingering: dict[Notice, None] = {}
        self._whenEmpty: list[Deferred[None]] = []

    def notice(self, text: Text) -> Notice:
        """
        Make the protocol of one more.
        """
        return Notice(text, self)

    def opened(self, notice: Notice) -> None:
        """
        One has connected.
        """
        self._open.add(notice)

    def told(self, notice: Notice) -> None:
        """
        One knows all.
        """
        self._lingering[notice] = None
        if len(self._lingering) > MOST:
            oldest = next(iter(self._lingering))
            del self._lingering[oldest]
            oldest.end()

    def closed(self, notice: Notice) -> None:
        """
        One has gone.
        """
        self._lingering.pop(notice, None)
        self._open.discard(notice)
        self._tellIfEmpty()

    def abort(self) -> Deferred[None]:
        """
        Close them as they are.

        @return: fires when none is left.
        """
        for each in list(self._open):
            each.abort()
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        self._tellIfEmpty()
        return empty

    def _tellIfEmpty(self) -> None:
        if not self._open:
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)
