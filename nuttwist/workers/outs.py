"""
Who is ejected, in all workers: one truth, kept by the parent.

Each worker ejects for itself and says so. What it says counts once: a second worker that has
found the same before it heard of it is not another ejection.
"""

from __future__ import annotations

from collections import Counter

import attrs

from nuttwist.workers.messages import Ejected, Readmitted


@attrs.define
class Outs:
    """
    The servers that are out.

    Moments are seconds of any clock, as long as it is always the same one.

    @ivar ejections: how often a server of each pool was ejected.
    """

    ejections: Counter[str] = attrs.Factory(Counter)
    _until: dict[tuple[str, str], float] = attrs.Factory(dict)

    def ejected(self, told: Ejected, now: float) -> bool:
        """
        @return: whether it is news.
        """
        place = told.pool, told.server
        if place in self._until:
            return False
        self._until[place] = now + told.seconds
        self.ejections[told.pool] += 1
        return True

    def readmitted(self, told: Readmitted) -> bool:
        """
        @return: whether it is news.
        """
        return self._until.pop((told.pool, told.server), None) is not None

    def now(self, now: float) -> list[Ejected]:
        """
        What a worker must be told that begins at this moment, soonest return first.
        """
        soonest = sorted(self._until.items(), key=lambda item: item[1])
        return [Ejected(pool, server, max(0.0, until - now)) for (pool, server), until in soonest]
