"""
The end of a backend: at once, or when it has finished what waits on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from nuttwist.net.deadline import Clock
from nuttwist.net.lines import StreamTransport
from nuttwist.net.troubles import STOPPED, Trouble
from nuttwist.net.watcher import State
from nuttwist.wire.framing import Grammar
from nuttwist.wire.pipeline import Pipeline


class Leaver(Protocol):
    """
    The backend that is to end.
    """

    state: State

    def drop(self, trouble: Trouble) -> None:
        """
        Close at once, and fail what waits.
        """

    def leave(self) -> None:
        """
        Close in good order, now that nothing waits.
        """


class Watched:
    """
    The grammar of a backend that is to end: tells of whatever comes, which may have been the last.
    Any chunk of it goes to L{bulk} or to L{raw} first.
    """

    def __init__(self, grammar: Grammar, heard: Callable[[], None]) -> None:
        self._grammar = grammar
        self._heard = heard

    @property
    def maxLine(self) -> int:
        return self._grammar.maxLine

    def bulk(self, data: bytes, at: int) -> int:
        self._heard()
        return self._grammar.bulk(data, at)

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        return self._grammar.lineEnd(data, at)

    def line(self, line: bytes) -> int:
        return self._grammar.line(line)

    def raw(self, piece: bytes, last: bool) -> None:
        self._heard()
        self._grammar.raw(piece, last)

    def partial(self, rest: bytes) -> None:
        self._grammar.partial(rest)


class Ending:
    """
    Counts the sockets of one backend, and tells when none is left that has to end.

    @ivar parting: the transport of a connection that closes when all is sent.
    """

    def __init__(self, leaver: Leaver, pipeline: Pipeline, clock: Clock) -> None:
        self.parting: StreamTransport | None = None
        self._leaving = False
        self._leaver = leaver
        self._pipeline = pipeline
        self._clock = clock
        self._sockets = 0
        self._waiting: list[Deferred[None]] = []
        self._late: IDelayedCall | None = None

    def opened(self) -> None:
        """
        There is one more socket.
        """
        self._sockets += 1

    def closed(self, transport: StreamTransport) -> None:
        """
        There is one less.

        @param transport: whose it was.
        """
        if transport is self.parting:
            # One over TLS cannot be aborted once it is gone.
            self.parting = None
        self._sockets -= 1
        self.look()

    def now(self) -> Deferred[None]:
        """
        End at once.

        @return: fires when no socket is left.
        """
        self._giveUp()
        return self._wait()

    def whenDone(self, seconds: float) -> Deferred[None]:
        """
        End when nothing waits.

        @param seconds: how long that may take at most.
        @return: fires when no socket is left.
        """
        self._leaving = True
        self._late = self._clock.callLater(seconds, self._giveUp)
        return self._wait()

    def _wait(self) -> Deferred[None]:
        closed: Deferred[None] = Deferred()
        self._waiting.append(closed)
        self.look()
        return closed

    def look(self) -> None:
        """
        Something may be at its end.
        """
        if self._pipeline.inQueue or self._pipeline.outQueue:
            return
        if self._leaving and self._leaver.state is not State.IDLE:
            self._leaver.leave()
        if not self._sockets and self._leaver.state is State.IDLE:
            self._tell()

    def _giveUp(self) -> None:
        if self.parting is not None:
            self.parting.abortConnection()
        if self._leaver.state is not State.IDLE or self._pipeline.inQueue:
            self._leaver.drop(STOPPED)
        # Of a connection that was never made nobody hears that it is closed.
        self.look()

    def _tell(self) -> None:
        if self._late is not None and self._late.active():
            self._late.cancel()
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)
