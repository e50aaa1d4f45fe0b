"""
How listeners move: all that are wanted come to listen, or everything stays where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from nuttwist.config import Listen
from nuttwist.listening import ListeningService
from nuttwist.listening.refusal import reasonOf
from nuttwist.logs.events import LISTENER_LOST, NOT_ENDED

_log = Logger(namespace="nuttwist.moving")


async def bindAll(wanted: Sequence[ListeningService], leaving: Sequence[ListeningService]) -> None:
    """
    Have all of them listen. Where one of those that leave listens already, its port is taken over;
    one that is in the way is closed first, which is the only time for which nobody listens.

    @param leaving: bound, and not needed any more; those that are neither taken over nor in the
        way stay as they are.
    @raise CannotListenError: one address is not to be had. Then none of the wanted listens, and
        all of those that leave do.
    """
    heirs = _heirs(wanted, leaving)
    others = [each for each in wanted if each not in heirs]
    leaving = [each for each in leaving if each not in heirs.values()]
    closed: list[ListeningService] = []
    try:
        for each in [each for each in others if not _isBound(each, leaving)]:
            await _clear(each, leaving, closed)
            each.bind()
        for each, predecessor in heirs.items():
            each.permit(predecessor)
    except Exception:
        for each, predecessor in heirs.items():
            with suppress(CannotListenError):
                predecessor.permit(each)
        for each in others:
            await each.close()
        _reopen(closed)
        raise
    for each, predecessor in heirs.items():
        each.takeOver(predecessor)


def _heirs(
    wanted: Iterable[ListeningService], leaving: Iterable[ListeningService]
) -> dict[ListeningService, ListeningService]:
    left = list(leaving)
    heirs = {}
    for each in wanted:
        for other in [other for other in left if each.mayTakeOver(other)][:1]:
            left.remove(other)
            heirs[each] = other
    return heirs


def _isBound(listening: ListeningService, leaving: Iterable[ListeningService]) -> bool:
    try:
        listening.bind()
    except CannotListenError:
        if not _inTheWay(listening, leaving):
            raise
        return False
    return True


async def _clear(
    listening: ListeningService,
    leaving: Iterable[ListeningService],
    closed: list[ListeningService],
) -> None:
    for each in _inTheWay(listening, leaving):
        closed.append(each)
        await each.close()


def _inTheWay(
    listening: ListeningService, leaving: Iterable[ListeningService]
) -> list[ListeningService]:
    return [
        each
        for each in leaving
        if each.port is not None and _overlap(listening.listen, each.listen)
    ]


def _overlap(one: Listen, other: Listen) -> bool:
    """
    Whether both may not be had at a time. Of endpoints that is not known, so they may be.
    """
    if one.endpoint or other.endpoint:
        return True
    return one.path == other.path if one.path else one.port == other.port != 0


def _reopen(closed: Iterable[ListeningService]) -> None:
    for each in closed:
        try:
            each.bind()
        except CannotListenError as error:  # noqa: PERF203  the others are to listen all the same
            LISTENER_LOST(
                _log, listener=each.label, address=each.listen.address, reason=reasonOf(error)
            )


class Departures:
    """
    What goes, and may take its time.
    """

    def __init__(self) -> None:
        self._going = 0
        self._whenNone: list[Deferred[None]] = []

    def add(self, gone: Deferred[object]) -> None:
        """
        Something goes.

        @param gone: fires when it is gone.
        """
        self._going += 1
        gone.addErrback(lambda why: NOT_ENDED.failed(_log, why))
        gone.addBoth(self._gone)

    def _gone(self, _: object) -> None:
        self._going -= 1
        self._tellIfNone()

    def whenNone(self) -> Deferred[None]:
        """
        @return: fires when nothing is going.
        """
        none: Deferred[None] = Deferred()
        self._whenNone.append(none)
        self._tellIfNone()
        return none

    def _tellIfNone(self) -> None:
        if not self._going:
            waiting, self._whenNone = self._whenNone, []
            for each in waiting:
                each.callback(None)
