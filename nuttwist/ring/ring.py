# -*- test-case-name: tests.unit.ring.test_ring -*-
"""
One pool's routing: key -> hash tag -> hash -> distribution -> index of a server.

::

    ring = Ring([RingServer(b"one", 1), RingServer(b"two", 2)], "fnv1a_64", "ketama", b"{}")
    ring.locate(b"user:{42}:name")   # 0 or 1
    ring.rebuild([1])                # the first server is out
    ring.locate(b"user:{42}:name")   # 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import TypeVar

from nuttwist.ring.distributions import DISTRIBUTIONS, Build, Chance, IPick, RingServer
from nuttwist.ring.hashes import HASHES
from nuttwist.ring.hashtag import hashedPart

__all__ = ["Ring"]

_T = TypeVar("_T")


def _named(thing: str, table: Mapping[str, _T], name: str) -> _T:
    if name not in table:
        raise ValueError(f"{thing} must be one of {', '.join(table)}, not {name!r}")
    return table[name]


class Ring:
    """
    The routing of one pool.

    A pool with one configured server sends it everything: no tag, no hash, no distribution.
    An empty key is not hashed either, it counts as 0.

    @ivar servers: all servers, as given; every index this class deals in is one into this list.
    @ivar cacheable: whether a key stays with its server until the next L{rebuild}, so that
        L{locate}'s answers may be kept until then.
    """

    def __init__(
        self,
        servers: Sequence[RingServer],
        hashName: str,
        distributionName: str,
        hashTag: bytes | None,
        random: Random | None = None,
    ) -> None:
        """
        All servers are live at first.

        @param servers: all servers of the pool in its internal order: shorter names first, equal
            lengths by their bytes.
        @param hashName: a name of L{nuttwist.ring.hashes.HASHES}.
        @param distributionName: a name of L{nuttwist.ring.distributions.DISTRIBUTIONS}.
        @param hashTag: two bytes, or L{None}: see L{nuttwist.ring.hashtag}.
        @param random: where the distribution C{random} gets its choices from; by default from a
            generator of its own.
        @raise ValueError: a name is unknown, or the hash tag has not two bytes.
        """
        if hashTag is not None and len(hashTag) != 2:
            raise ValueError(f"hashTag must be two bytes or None, not {hashTag!r}")
        builds: dict[str, Build] = {**DISTRIBUTIONS, "random": partial(Chance, source=random)}
        self.servers = tuple(servers)
        self.cacheable = distributionName != "random" or len(servers) == 1
        self._hash = _named("hashName", HASHES, hashName)
        self._build = _named("distributionName", builds, distributionName)
        self._tag = hashTag
        self._alone = len(servers) == 1
        self.rebuild(range(len(servers)))

    def rebuild(self, live: Sequence[int]) -> None:
        """
        Route to these servers only from now on.

        @param live: indices of servers, in any order; none is allowed.
        """
        self._pick: IPick | None = self._build(self.servers, sorted(live)) if live else None

    def hashOf(self, key: bytes) -> int:
        """The number that stands for a key: the hash of the part that its tag marks."""
        if not key:
            return 0
        return self._hash(key if self._tag is None else hashedPart(key, self._tag))

    def locate(self, key: bytes) -> int | None:
        """
        The server for a key.

        @return: its index, or L{None} when no server is live.
        """
        if self._pick is None:
            return None
        if self._alone:
            return 0
        return self._pick.pick(self.hashOf(key))
