# -*- test-case-name: tests.unit.wire.test_samples -*-
"""
What is kept of samples: a histogram of durations, and the keys that come most often.

Both take a bounded amount of memory however much is added, and can be added up over processes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from heapq import heappush, heapreplace
from itertools import accumulate
from math import inf

#: Upper bounds of the buckets, in seconds; one more bucket has what is longer.
BOUNDS = (
    0.00005, 0.0001, 0.00025, 0.0005,
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0,
)  # fmt: skip

#: Counters of a L{TopKeys}.
CAPACITY = 256


class Histogram:
    """
    How long things took.

    @ivar counts: of each bucket by itself, the last being without bound.
    @ivar total: all durations together, in seconds.
    """

    __slots__ = ("counts", "total")

    def __init__(self, counts: Sequence[int] = (), total: float = 0.0) -> None:
        self.counts = list(counts) or [0] * (len(BOUNDS) + 1)
        self.total = total

    def add(self, seconds: float, weight: int = 1) -> None:
        """
        Count a duration so many times.
        """
        self.counts[bisect_left(BOUNDS, seconds)] += weight
        self.total += seconds * weight

    def absorb(self, other: Histogram) -> None:
        """
        Add all that another has counted.
        """
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    def count(self) -> int:
        """
        How many durations were counted.
        """
        return sum(self.counts)

    def buckets(self) -> list[tuple[float, int]]:
        """
        Each bound with how many durations were at most so long; the last bound is infinite.
        """
        return list(zip((*BOUNDS, inf), accumulate(self.counts), strict=True))


def quantile(counts: Sequence[int], part: float) -> float | None:
    """
    An estimate of the duration that C{part} of all were at most, as Prometheus's
    C{histogram_quantile} makes it: straight lines within a bucket, and the last bound for what
    is beyond it.

    @param counts: of each bucket by itself; see L{Histogram.counts}.
    @param part: from 0 to 1.
    @return: seconds, or L{None} when there are none.
    """
    rank = part * sum(counts)
    below = 0
    lower = 0.0
    for bound, count in zip(BOUNDS, counts, strict=False):
        if count and below + count >= rank:
            return lower + (bound - lower) * max(rank - below, 0) / count
        below += count
        lower = bound
    return BOUNDS[-1] if counts[-1] else None


class TopKeys:
    """
    The keys with the greatest weights, by the Space-Saving algorithm (Metwally, Agrawal and
    El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).

    A key that is not among the counters takes over the smallest of them, with what it has.

    @ivar weight: of everything that was added.
    """

    __slots__ = ("_capacity", "_cells", "_order", "weight")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.weight = 0
        self._capacity = capacity
        # Of each key the estimate, and the part of it that may be another's.
        self._cells: dict[bytes, tuple[int, int]] = {}
        # A heap with each key once, at an estimate that it has had: never above the true one.
        self._order: list[tuple[int, bytes]] = []

    def add(self, key: bytes, weight: int = 1, error: int = 0) -> None:
        """
        Count a key.

        @param error: the part of the weight that may be another's.
        """
        self.weight += weight
        cell = self._cells.get(key)
        if cell is not None:
            self._cells[key] = (cell[0] + weight, cell[1] + error)
        elif len(self._cells) < self._capacity:
            self._cells[key] = (weight, error)
            heappush(self._order, (weight, key))
        else:
            self._replace(key, weight, error)

    def _replace(self, key: bytes, weight: int, error: int) -> None:
        order, cells = self._order, self._cells
        while cells[order[0][1]][0] != order[0][0]:
            heapreplace(order, (cells[order[0][1]][0], order[0][1]))
        least, loser = order[0]
        del cells[loser]
        cells[key] = (least + weight, least + error)
        heapreplace(order, (least + weight, key))

    def top(self) -> list[tuple[bytes, int, int]]:
        """
        Each key that is counted, with its estimate and the part of it that may be another's;
        the greatest first.
        """
        found = [(key, *cell) for key, cell in self._cells.items()]
        return sorted(found, key=lambda each: (-each[1], each[0]))


def topOf(tops: Iterable[Iterable[tuple[str, int, int]]]) -> list[tuple[str, int, int]]:
    """
    The greatest of several processes' keys, added up.
    """
    merged: dict[str, tuple[int, int]] = {}
    for top in tops:
        for key, estimate, error in top:
            known = merged.get(key, (0, 0))
            merged[key] = (known[0] + estimate, known[1] + error)
    found = [(key, *cell) for key, cell in merged.items()]
    return sorted(found, key=lambda each: (-each[1], each[0]))[:CAPACITY]
