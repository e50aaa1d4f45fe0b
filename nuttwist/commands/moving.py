"""
Which keys have another server after a change of configuration. Arithmetic only.

A server is what listens at an address: one that is renamed keeps its data, though under ketama its
keys go elsewhere, and one that has moved has lost them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from nuttwist.commands.files import surveyOf
from nuttwist.config import PoolConfig, ServerConfig
from nuttwist.ring.survey import Survey


@attrs.frozen
class Stay:
    """
    What one server has before and after.

    @ivar before: keys, 0 for a server that is new.
    @ivar after: keys, 0 for a server that is gone.
    @ivar kept: keys that it has in both.
    """

    server: str
    address: str
    before: int
    after: int
    kept: int


@attrs.frozen
class Move:
    """Keys that go from one server to another."""

    source: ServerConfig
    target: ServerConfig
    keys: int


class Moving:
    """
    The keys of one pool under two configurations.

    @ivar keys: how many were asked about.
    """

    def __init__(self, old: PoolConfig, new: PoolConfig) -> None:
        self.old, self.new = old, new
        self.keys = 0
        self._pairs: Counter[tuple[int, int]] = Counter()
        self._before, self._after = surveyOf(old), surveyOf(new)
        self._sameHash = _hashing(self._before) == _hashing(self._after)

    @property
    def isByChance(self) -> bool:
        """Whether keys have no server of their own, before or after."""
        return self._before.isByChance or self._after.isByChance

    def take(self, keys: Sequence[bytes]) -> None:
        """Find the servers of some more keys."""
        before = self._before.hashes(keys)
        after = before if self._sameHash else self._after.hashes(keys)
        self.keys += len(keys)
        sources, targets = map(self._before.picker(), before), map(self._after.picker(), after)
        self._pairs.update(zip(sources, targets, strict=True))

    def moves(self) -> list[Move]:
        """The keys that have another server, the most first."""
        found = [
            Move(self.old.servers[source], self.new.servers[target], keys)
            for (source, target), keys in sorted(self._pairs.items())
        ]
        apart = [each for each in found if each.source.address != each.target.address]
        return sorted(apart, key=lambda each: -each.keys)

    def moved(self) -> int:
        """How many keys have another server."""
        return sum(each.keys for each in self.moves())

    def stays(self) -> list[Stay]:
        """Each server that is in either, the old ones first."""
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        for (source, target), keys in self._pairs.items():
            here, there = self.old.servers[source].address, self.new.servers[target].address
            before[here] += keys
            after[there] += keys
            kept[here] += keys if here == there else 0
        names = {each.address: each.name for each in (*self.new.servers, *self.old.servers)}
        order = dict.fromkeys(each.address for each in (*self.old.servers, *self.new.servers))
        return [Stay(names[at], at, before[at], after[at], kept[at]) for at in order]


def _hashing(survey: Survey) -> tuple[str, bytes | None]:
    return survey.hashName, survey.hashTag
