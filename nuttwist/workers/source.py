"""
Several workers, as the HTTP side asks for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.distributor.standing import BY_HAND
from nuttwist.http.source import Drop, Look, Unsteerable
from nuttwist.logs.events import COUNTING_FAILED
from nuttwist.workers.crew import WorkersService
from nuttwist.workers.messages import Ejected, Readmitted
from nuttwist.workers.observing import check

_log = Logger(namespace="nuttwist.workers")

#: Seconds between two questions for samples.
PAUSE = 0.25

Tell = Callable[[dict[str, Any]], None]


class CrewSource:
    """
    A L{nuttwist.http.source.Source} for a parent and its workers.
    """

    def __init__(self, crew: WorkersService, clock: Any) -> None:
        self.started = time.time()
        self._crew = crew
        self._taps: list[Tell] = []
        self._isFailing = False
        self._asking = LoopingCall(self._ask)
        self._asking.clock = clock

    def look(self, *, deep: bool) -> Deferred[Look]:
        """
        All workers together at this moment, always in full.
        """
        return Deferred.fromCoroutine(self._look())

    async def _look(self) -> Look:
        look = await self._crew.counting.look(self._crew.pools)
        if self._crew.running:
            return look
        return attrs.evolve(look, pools=[attrs.evolve(each, draining=True) for each in look.pools])

    def steer(self, pool: str, server: str, action: str) -> None:
        """
        Take a server out or let it in, by hand.

        @raise Unsteerable: there is no such pool or server.
        """
        out = Ejected(pool, server, None, BY_HAND, byHand=True)
        message = Readmitted(pool, server, byHand=True) if action == "readmit" else out
        try:
            check(self._crew.pools, message)
        except ValueError as wrong:
            raise Unsteerable(str(wrong)) from wrong
        self._crew.heard(None, message)

    def tap(self, tell: Tell) -> Drop:
        """
        Tell of each sample from now on; they come in lots.

        @return: ends it.
        """
        self._taps.append(tell)
        if not self._asking.running:
            self._asking.start(PAUSE)
        return lambda: self._end(tell)

    def _end(self, tell: Tell) -> None:
        self._taps.remove(tell)
        if not self._taps:
            self._asking.stop()

    def _ask(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._asked()).addErrback(self._failed)

    def _failed(self, why: Failure) -> None:
        # The next question is another try, and the log has a line for the first of them.
        if not self._isFailing:
            COUNTING_FAILED.failed(_log, why, what="asking for samples")
        self._isFailing = True

    async def _asked(self) -> None:
        working = await self._crew.counting.gather(tap=True)
        self._isFailing = False
        for worker, _ in working:
            for sample in worker.takeSamples():
                for tell in tuple(self._taps):
                    tell(sample)
