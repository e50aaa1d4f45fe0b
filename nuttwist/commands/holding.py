"""
How much of the keys each server of a pool has.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from nuttwist.commands.files import surveyOf
from nuttwist.config import PoolConfig


@attrs.frozen
class Holding:
    """
    What one server has.

    @ivar points: on ketama's ring, C{None} where there is none.
    @ivar fair: the share by weight alone.
    """

    server: str
    address: str
    weight: int
    points: int | None
    share: float
    fair: float


def holdings(pool: PoolConfig) -> list[Holding]:
    """What each server of a pool has, in internal order."""
    survey = surveyOf(pool)
    points: Sequence[int | None] = survey.points() or [None] * len(pool.servers)
    total = sum(each.weight for each in pool.servers)
    return [
        Holding(each.name, each.address, each.weight, own, share, each.weight / total)
        for each, own, share in zip(pool.servers, points, survey.shares(), strict=True)
    ]
