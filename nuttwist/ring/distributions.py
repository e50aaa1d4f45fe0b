# -*- test-case-name: tests.unit.ring.test_distributions -*-
"""
From a hash to a server, in one of three ways.

Each distribution is built from all servers of a pool, in the pool's internal order (shorter names
first, equal lengths by their bytes), and the ascending indices of those that are live, of which
there is at least one. It then never changes: when a server leaves or returns, another is built.
The index it picks is one into the full list.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from hashlib import md5
from itertools import accumulate
from math import floor
from random import Random
from struct import Struct

import attrs
from zope.interface import Interface, implementer

__all__ = [
    "DISTRIBUTIONS",
    "Build",
    "Chance",
    "IPick",
    "Ketama",
    "Modula",
    "RingServer",
    "pointsFor",
]


@attrs.frozen
class RingServer:
    """
    What routing needs to know of a server.

    @ivar name: the bytes that ketama hashes: the explicit name, or else the address as written.
    @ivar weight: the server's share of the keys, relative to the other weights; at least 1.
    """

    name: bytes
    weight: int


class IPick(Interface):
    """A choice of server for every hash."""

    def pick(hashValue: int) -> int:  # noqa: N805 - an interface shows how to call it
        """
        The server for a hash.

        @param hashValue: an unsigned number of 32 bits.
        @return: the server's index in the full list.
        """


#: Points lie on the circle in groups: one MD5 digest is four numbers of 32 bits.
_GROUP = Struct("<4I")
_SINGLE = Struct("f")
#: The longest text hashed for a group of points, in bytes: twemproxy's buffer cuts it off there.
_LONGEST_POINT_NAME = 272


def _single(value: float) -> float:
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


def pointsFor(weight: int, totalWeight: int, live: int) -> int:
    """
    How many points ketama gives to a server: 160 on average.

    The rounding to single precision after every step is twemproxy's and costs, with some numbers of
    equal servers (25, 47, 50 ...), four of the 160. A server that is much lighter than the others
    may get none.

    @param weight: the server's weight.
    @param totalWeight: the weights of all live servers together.
    @param live: the number of live servers.
    """
    share = _single(_single(weight) / _single(totalWeight))
    groupsOfOne = _single(_single(share * 160) / 4)
    return floor(_single(groupsOfOne * live)) * 4


def _pointValues(name: bytes, points: int) -> list[int]:
    values: list[int] = []
    for group in range(points // 4):
        text = b"%s-%d" % (name, group)
        digest = md5(text[:_LONGEST_POINT_NAME], usedforsecurity=False).digest()
        values += _GROUP.unpack(digest)
    return values


@implementer(IPick)
class Ketama:
    """
    Consistent hashing: servers own points on a circle of 2**32, a hash goes to the next point.

    When a server leaves, its keys go to the others and all other keys stay where they are.

    @ivar values: the position of every point, ascending.
    @ivar owners: for each of L{values}, the index of the server that owns it.
    @ivar pointsPerServer: for each server of the full list, how many points it owns.
    """

    def __init__(self, servers: Sequence[RingServer], live: Sequence[int]) -> None:
        total = sum(servers[index].weight for index in live)
        self.pointsPerServer = [0] * len(servers)
        self.values: list[int] = []
        self.owners: list[int] = []
        for index in live:
            points = pointsFor(servers[index].weight, total, len(live))
            self.pointsPerServer[index] = points
            self.values += _pointValues(servers[index].name, points)
            self.owners += [index] * points
        self._sort()

    def _sort(self) -> None:
        # A stable sort: of equal points, the one of the first server in internal order wins.
        order = sorted(range(len(self.values)), key=self.values.__getitem__)
        self.values = [self.values[place] for place in order]
        self.owners = [self.owners[place] for place in order]

    def pick(self, hashValue: int) -> int:
        # Counted from the end, so that past the last point (0) comes the first of all.
        return self.owners[bisect_left(self.values, hashValue) - len(self.owners)]


def _shares(servers: Sequence[RingServer], live: Sequence[int]) -> list[int]:
    # The live servers lie side by side on a line, each as long as its weight: where each ends.
    return list(accumulate(servers[index].weight for index in live))


@implementer(IPick)
class Modula:
    """The hash modulo the sum of the weights. When a server leaves, most keys move."""

    def __init__(self, servers: Sequence[RingServer], live: Sequence[int]) -> None:
        self._live = tuple(live)
        self._ends = _shares(servers, live)
        self._total = self._ends[-1]

    def pick(self, hashValue: int) -> int:
        return self._live[bisect_right(self._ends, hashValue % self._total)]


@implementer(IPick)
class Chance:
    """
    Any live server, as often as its weight says, whatever the hash.

    @param source: where the randomness comes from; by default a generator of its own.
    """

    def __init__(
        self, servers: Sequence[RingServer], live: Sequence[int], source: Random | None = None
    ) -> None:
        self._live = tuple(live)
        self._ends = _shares(servers, live)
        self._total = self._ends[-1]
        self._source = source or Random()  # noqa: S311 - spreads load, keeps no secret

    def pick(self, hashValue: int) -> int:
        return self._live[bisect_right(self._ends, self._source.randrange(self._total))]


Build = Callable[[Sequence[RingServer], Sequence[int]], IPick]

#: Every distribution by the name a configuration gives it: all servers and the live ones to a pick.
DISTRIBUTIONS: dict[str, Build] = {
    "ketama": Ketama,
    "modula": Modula,
    "random": Chance,
}
