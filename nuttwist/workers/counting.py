"""
What the workers have counted, those of now and those that have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twisted.internet.defer import Deferred, gatherResults

from nuttwist.config import PoolConfig
from nuttwist.http.source import Look
from nuttwist.observed import Observed, past as lasting, together
from nuttwist.statistics import PoolFigures, Statistics
from nuttwist.workers.merging import merge, past
from nuttwist.workers.observing import lookAt
from nuttwist.workers.outs import Outs
from nuttwist.workers.place import Place
from nuttwist.workers.report import asLine, nothing, ofWorker, sums
from nuttwist.workers.worker import Worker


class Counting:
    """
    The counters, asked of the workers.
    """

    def __init__(self, places: Sequence[Place], outs: Outs) -> None:
        self._places = places
        self._outs = outs
        self._statistics = Statistics()
        self._past: list[PoolFigures] = []
        self._seen: list[Observed] = []

    def ended(self, worker: Worker) -> None:
        """
        Remember what a worker has told that is no more.
        """
        self._past = list(merge([*self._past, *map(past, worker.figures)]).values())
        self._seen = list(together([*self._seen, *map(lasting, worker.seen)]).values())

    def follow(self, pools: Sequence[PoolConfig], removed: Iterable[str]) -> None:
        """
        Have these pools from now on.

        @param removed: pools of which nothing is to be remembered, also if there is one of the
            same name by now.
        """
        gone = set(removed)
        kept = [each for each in self._past if each.name not in gone]
        merged = merge([*map(nothing, pools), *kept])
        self._past = [merged[each.name] for each in pools]
        self._seen = [each for each in self._seen if each.name not in gone]

    async def gather(self, *, look: bool = False, tap: bool = False) -> list[tuple[Worker, Place]]:
        """
        Have the workers tell; see L{Worker.ask}.

        @return: those that there were, with their places.
        """
        working = [(each.worker, each) for each in self._places if each.worker is not None]
        await gatherResults([worker.ask(look=look, tap=tap) for worker, _ in working])
        return working

    async def look(self, pools: Sequence[PoolConfig]) -> Look:
        """
        What the workers have counted and seen.
        """
        await self.gather(look=True)
        workers = [each.worker for each in self._places if each.worker is not None]
        return lookAt(
            pools,
            [*self._past, *(each for worker in workers for each in worker.figures)],
            [*self._seen, *(each for worker in workers for each in worker.seen)],
            self._outs.ejections,
            self._places,
        )

    async def _sums(self, pools: Sequence[PoolConfig]) -> bytes:
        await self.gather()
        # Those of now: who has ended while the others answered is among the past.
        workers = [each.worker for each in self._places if each.worker is not None]
        figures = [figures for worker in workers for figures in worker.figures]
        return sums(self._statistics, pools, [*self._past, *figures], self._outs.ejections)

    def document(self, pools: Sequence[PoolConfig]) -> Deferred[bytes]:
        """
        The counters of all workers together, as twemproxy's JSON.
        """
        return Deferred.fromCoroutine(self._sums(pools))

    async def _each(self) -> bytes:
        working = await self.gather()
        workers = [ofWorker(worker, place.starts) for worker, place in working]
        return asLine({"source": self._statistics.source, "workers": workers})

    def workersDocument(self) -> Deferred[bytes]:
        """
        The counters of each worker, as a JSON document.
        """
        return Deferred.fromCoroutine(self._each())
