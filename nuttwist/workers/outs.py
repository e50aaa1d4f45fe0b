"""
Who is ejected, in all workers: one truth, kept by the parent.

Each worker ejects for itself and says so. What it says counts once: a second worker that has
found the same before it heard of it is not another ejection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import attrs

from nuttwist.config import PoolConfig
from nuttwist.workers.messages import Ejected, Readmitted


@attrs.frozen
class _Absence:
    until: float | None
    told: Ejected


@attrs.define
class Outs:
    """
    The servers that are out. What a person has ejected stays out until a person lets it in; that
    is no ejection to be counted.

    Moments are seconds of any clock, as long as it is always the same one.

    @ivar ejections: how often a server of each pool was ejected over its failures.
    """

    ejections: Counter[str] = attrs.Factory(Counter)
    _absences: dict[tuple[str, str], _Absence] = attrs.Factory(dict)

    def ejected(self, told: Ejected, now: float) -> bool:
        """
        @return: whether it is news.
        """
        place = told.pool, told.server
        if place in self._absences and not told.byHand:
            return False
        until = None if told.seconds is None else now + told.seconds
        self._absences[place] = _Absence(until, told)
        self.ejections[told.pool] += not told.byHand
        return True

    def readmitted(self, told: Readmitted) -> bool:
        """
        @return: whether it is news.
        """
        place = told.pool, told.server
        absence = self._absences.get(place)
        if absence is None or (absence.told.byHand and absence.until is None and not told.byHand):
            return False
        del self._absences[place]
        return True

    def keep(self, pools: Collection[str], servers: Collection[tuple[str, str]]) -> None:
        """
        Forget all others.

        @param pools: the names of those that go on.
        @param servers: the pool and the name of each that goes on.
        """
        for place in self._absences.keys() - servers:
            del self._absences[place]
        for pool in self.ejections.keys() - pools:
            del self.ejections[pool]

    def now(self, now: float) -> list[Ejected]:
        """
        What a worker must be told that begins at this moment, soonest return first.
        """
        found = [
            attrs.evolve(each.told, seconds=_left(each, now)) for each in self._absences.values()
        ]
        return sorted(found, key=lambda each: (each.seconds is None, each.seconds))


def _left(absence: _Absence, now: float) -> float | None:
    return None if absence.until is None else max(0.0, absence.until - now)


def isKnown(told: Ejected | Readmitted, pools: Iterable[PoolConfig]) -> bool:
    """
    Whether there is such a server; a worker may speak of one that is gone by now.
    """
    return any(
        pool.name == told.pool and any(each.name == told.server for each in pool.servers)
        for pool in pools
    )
