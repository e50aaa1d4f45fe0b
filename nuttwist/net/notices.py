"""
Connections that are told one thing and closed.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from nuttwist.net.lines import StreamTransport

#: What they are told; L{Deferred} when it is not known yet.
Text = Callable[[], "bytes | Deferred[bytes]"]


class Notice(Protocol):
    """
    One of them.
    """

    transport: StreamTransport  # type: ignore[assignment]  # Twisted's says None before connecting

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
        self.transport.write(text)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._keeper.closed(self)


class Notices:
    """
    Those that have not taken all of it yet, or not been told.
    """

    def __init__(self) -> None:
        self._open: set[Notice] = set()
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

    def closed(self, notice: Notice) -> None:
        """
        One has gone.
        """
        self._open.discard(notice)
        self._tellIfEmpty()

    def abort(self) -> Deferred[None]:
        """
        Close them as they are.

        @return: fires when none is left.
        """
        for each in self._open:
            each.transport.abortConnection()
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        self._tellIfEmpty()
        return empty

    def _tellIfEmpty(self) -> None:
        if not self._open:
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)
