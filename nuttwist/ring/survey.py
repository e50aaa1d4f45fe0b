# -*- test-case-name: tests.unit.ring.test_survey -*-
"""
What people ask about a pool's routing: why a key is where it is, who comes next, who has how much.

L{nuttwist.ring.ring.Ring} answers one question, quickly; a L{Survey} answers the others, and its
answer to that one is the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from nuttwist.ring.distributions import DISTRIBUTIONS, IPick, Ketama, RingServer
from nuttwist.ring.hashes import HASHES
from nuttwist.ring.hashtag import hashedPart

__all__ = ["CIRCLE", "Survey", "Way", "arcs"]

#: How many positions ketama's circle has.
CIRCLE = 2**32


@attrs.frozen
class Way:
    """
    How a key finds its server.

    @ivar hashed: the bytes that are hashed, the whole key unless a hash tag marks a part of it.
    @ivar hash: the hash; L{None} in a pool of one server, which needs none.
    @ivar point: the position of ketama's point that the hash goes to; L{None} elsewhere.
    @ivar server: the index of the server; L{None} for one that is chosen anew for each request.
    @ivar heirs: the indices of the servers that would have the key if the servers before them were
        ejected, in that order.
    """

    hashed: bytes
    hash: int | None
    point: int | None
    server: int | None
    heirs: tuple[int, ...]


@attrs.define
class Survey:
    """
    The routing of one pool, as long as nothing is ejected.

    @ivar servers: all servers, in internal order.
    @ivar hashName: a name of L{nuttwist.ring.hashes.HASHES}.
    @ivar distributionName: a name of L{nuttwist.ring.distributions.DISTRIBUTIONS}.
    @ivar hashTag: two bytes, or L{None}.
    """

    servers: Sequence[RingServer]
    hashName: str
    distributionName: str
    hashTag: bytes | None
    _picks: dict[frozenset[int], IPick] = attrs.field(init=False, factory=dict)

    @property
    def isByChance(self) -> bool:
        """Whether a key has no server of its own."""
        return self.distributionName == "random" and len(self.servers) > 1

    @property
    def isAlone(self) -> bool:
        """Whether there is one server, which gets everything."""
        return len(self.servers) == 1

    def hashedPart(self, key: bytes) -> bytes:
        """The bytes of a key that are hashed."""
        return key if self.hashTag is None else hashedPart(key, self.hashTag)

    def hashes(self, keys: Iterable[bytes]) -> list[int]:
        """The hash of each key; that of the empty one is 0."""
        function = HASHES[self.hashName]
        parts = keys if self.hashTag is None else (hashedPart(key, self.hashTag) for key in keys)
        return [function(part) if part else 0 for part in parts]

    def picker(self, without: frozenset[int] = frozenset()) -> Callable[[int], int]:
        """
        From a hash to the index of a server, if some servers are out.

        @param without: the indices of those; not of all.
        """
        if self.isAlone:
            return lambda _hash: 0
        return self._pick(without).pick

    def _pick(self, without: frozenset[int]) -> IPick:
        if without not in self._picks:
            live = [index for index in range(len(self.servers)) if index not in without]
            self._picks[without] = DISTRIBUTIONS[self.distributionName](self.servers, live)
        return self._picks[without]

    def way(self, key: bytes, heirs: int) -> Way:
        """
        How a key finds its server.

        @param heirs: how many of the next servers are wanted, at most.
        """
        hashed = self.hashedPart(key)
        if self.isAlone:
            return Way(hashed, None, None, 0, ())
        (value,) = self.hashes([key])
        if self.isByChance:
            return Way(hashed, value, None, None, ())
        first, *rest = self._owners(value, heirs + 1)
        return Way(hashed, value, self.pointOf(value), first, tuple(rest))

    def _owners(self, value: int, most: int) -> Iterator[int]:
        gone: frozenset[int] = frozenset()
        for _ in range(min(most, len(self.servers))):
            owner = self.picker(gone)(value)
            yield owner
            gone |= {owner}

    def pointOf(self, value: int) -> int | None:
        """The position of the point that a hash goes to, L{None} but for ketama."""
        ring = self._ketama()
        if ring is None:
            return None
        return ring.values[bisect_left(ring.values, value) - len(ring.values)]

    def shares(self) -> list[float]:
        """The share of the keys that each server has, if their hashes are spread evenly."""
        ring = self._ketama()
        if ring is not None:
            widths = [0] * len(self.servers)
            for owner, _, width in arcs(ring):
                widths[owner] += width
            return [width / CIRCLE for width in widths]
        total = sum(each.weight for each in self.servers)
        return [each.weight / total for each in self.servers]

    def points(self) -> list[int] | None:
        """How many points each server has on ketama's circle, L{None} where there is none."""
        ring = self._ketama()
        return None if ring is None else ring.pointsPerServer

    def arcs(self) -> list[tuple[int, int, int]]:
        """The arcs of ketama's circle, see L{arcs}; none where there is no circle."""
        ring = self._ketama()
        return [] if ring is None else list(arcs(ring))

    def _ketama(self) -> Ketama | None:
        ring: object = None if self.isAlone else self._pick(frozenset())
        return ring if isinstance(ring, Ketama) else None


def arcs(ring: Ketama) -> Iterator[tuple[int, int, int]]:
    """
    The circle as what each point owns: all positions after the point before it, up to its own.

    @return: the owner's index, the first position, which may be that of the last point of all and
        beyond zero, and how many positions there are.
    """
    before = ring.values[-1] - CIRCLE
    for value, owner in zip(ring.values, ring.owners, strict=True):
        yield owner, (before + 1) % CIRCLE, value - before
        before = value
