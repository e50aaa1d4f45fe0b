"""
Which part of all keys each server has: the ring as people look at it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import attrs

from nuttwist.config import PoolConfig
from nuttwist.distributor.ways import KEEPING
from nuttwist.http.source import PoolLook
from nuttwist.ring.distributions import Ketama, RingServer

#: Hashes are numbers below this.
CIRCLE = 2**32

#: Slots of the drawing.
SLOTS = 720


@attrs.frozen
class Shares:
    """
    The ring with some of the servers in it.

    @ivar parts: of each server of the pool, from 0 to 1; all 0 when none is in the ring.
    @ivar points: of each server, or L{None} without a continuum.
    @ivar wheel: the server at the middle of each of L{SLOTS} slots, L{None} for nobody; or
        L{None} without a continuum.
    """

    parts: tuple[float, ...]
    points: tuple[int, ...] | None = None
    wheel: tuple[int | None, ...] | None = None


def members(look: PoolLook) -> tuple[int, ...]:
    """
    The servers that are in the ring at the moment; one that is out may stay in it.
    """
    if look.config.on_failure in KEEPING:
        return tuple(range(len(look.config.servers)))
    standings = look.seen.standings
    return tuple(
        index
        for index, server in enumerate(look.config.servers)
        if server.name not in standings or standings[server.name].state == "live"
    )


def sharesOf(config: PoolConfig, inRing: Sequence[int]) -> Shares:
    """
    The ring of a pool with these servers in it.
    """
    servers = tuple(RingServer(each.nameBytes, each.weight) for each in config.servers)
    return _shares(servers, config.distribution, tuple(inRing))


@lru_cache(maxsize=64)
def _shares(servers: tuple[RingServer, ...], distribution: str, live: tuple[int, ...]) -> Shares:
    if distribution == "ketama" and len(servers) > 1:
        return _continuum(servers, live)
    total = sum(servers[index].weight for index in live) or 1
    return Shares(
        tuple(each.weight / total if at in live else 0.0 for at, each in enumerate(servers))
    )


def _continuum(servers: tuple[RingServer, ...], live: tuple[int, ...]) -> Shares:
    if not live:
        nobody = (0,) * len(servers)
        return Shares((0.0,) * len(servers), nobody, (None,) * SLOTS)
    ring = Ketama(servers, live)
    parts = [0] * len(servers)
    below = ring.values[-1] - CIRCLE
    for value, owner in zip(ring.values, ring.owners, strict=True):
        parts[owner] += value - below
        below = value
    wheel = (
        ring.owners[
            bisect_left(ring.values, (2 * slot + 1) * CIRCLE // (2 * SLOTS)) - len(ring.owners)
        ]
        for slot in range(SLOTS)
    )
    return Shares(tuple(each / CIRCLE for each in parts), tuple(ring.pointsPerServer), tuple(wheel))
