"""
The workers at their places: one at each, and another in its place when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.logs.events import COUNTING_FAILED, WORKER_ENDED
from nuttwist.workers.messages import Message, Start
from nuttwist.workers.place import Place
from nuttwist.workers.worker import Worker, describe

_log = Logger(namespace="nuttwist.workers")


class Staff:
    """
    All workers; a L{nuttwist.workers.worker.Owner} of each.

    @ivar heard: told what a worker says that concerns others.
    """

    def __init__(
        self,
        places: Sequence[Place],
        reactor: Any,
        task: Callable[[Place], Start],
        heard: Callable[[Worker | None, Message], None],
        left: Callable[[Worker], None],
    ) -> None:
        """
        @param reactor: with descriptors, processes and time.
        @param task: what a worker that begins at a place is to do.
        @param left: told of each worker that has ended.
        """
        self._places = places
        self._reactor = reactor
        self._task = task
        self.heard = heard
        self._left = left
        self._serving = False
        self._whenNone: list[Deferred[None]] = []

    def working(self) -> list[Worker]:
        """
        Those that there are at the moment.
        """
        return [place.worker for place in self._places if place.worker is not None]

    def tell(self, message: Message, butFor: Worker | None = None) -> None:
        """
        Send all of them a message.

        @param butFor: this one knows.
        """
        for worker in self.working():
            if worker is not butFor:
                worker.send(message)

    def start(self) -> None:
        """
        Have a worker at every place from now on.
        """
        self._serving = True
        for place in self._places:
            self._start(place)

    def _start(self, place: Place) -> None:
        place.next = None
        place.starts += 1
        place.backoff.started(self._reactor.seconds())
        place.worker = worker = Worker(place.number, self._reactor, self)
        try:
            worker.start(self._task(place))
        except Exception:  # noqa: BLE001  mostly short of memory, processes or descriptors
            # Which may pass; a process that cannot be spoken to is of no use.
            worker.kill()
            self.ended(worker, Failure())

    def stop(self) -> None:
        """
        Have all of them end in good order, and nobody in their places.
        """
        self._serving = False
        for place in self._places:
            if place.next is not None:
                place.next.cancel()
                place.next = None
        for worker in self.working():
            worker.stop()

    def kill(self) -> None:
        """
        Have all of them end at once, whatever their clients are owed.
        """
        for worker in self.working():
            worker.kill()

    async def untilNone(self, seconds: float) -> None:
        """
        Wait until there is none any more.

        @param seconds: after these they are killed.
        """
        if not self.working():
            return
        none: Deferred[None] = Deferred()
        self._whenNone.append(none)
        impatience = self._reactor.callLater(seconds, self.kill)
        await none
        if impatience.active():
            impatience.cancel()

    def ended(self, worker: Worker, reason: Failure) -> None:
        """
        Have another worker in the place of one that has ended.
        """
        place = self._places[worker.number]
        if place.worker is not worker:
            return
        place.worker = None
        try:
            self._left(worker)
        except Exception:  # noqa: BLE001  what only counts holds up neither a start nor a stop
            COUNTING_FAILED.failed(_log, what=f"what worker {worker.number} has counted")
        if self._serving:
            wait = place.backoff.ended(self._reactor.seconds())
            place.next = self._reactor.callLater(wait, self._start, place)
            WORKER_ENDED(
                _log,
                worker=worker.number,
                pid=worker.pid,
                reason=describe(reason),
                seconds=wait,
            )
        elif not self.working():
            waiting, self._whenNone = self._whenNone, []
            for each in waiting:
                each.callback(None)
