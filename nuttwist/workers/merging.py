"""
The counters of all workers as one proxy's.

Whatever is counted or measured is added up, but for two things: the moment of the last ejection
is the latest one, and ejections are counted by the parent, see L{nuttwist.workers.outs}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from nuttwist.statistics import PoolFigures

#: Of these the greatest is told; everything else is added up.
LATEST = frozenset({"server_ejected_at"})

#: What is so at the moment, and is nothing once its worker has ended.
GAUGES = frozenset(
    {
        "client_connections",
        "server_connections",
        "in_queue",
        "in_queue_bytes",
        "out_queue",
        "out_queue_bytes",
    }
)


def _together(name: str, one: int, other: int) -> int:
    return max(one, other) if name in LATEST else one + other


def _merged(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: _together(name, value, other.get(name, 0)) for name, value in one.items()}


def _both(one: PoolFigures, other: PoolFigures) -> PoolFigures:
    servers = {
        name: _merged(fields, other.servers.get(name, {})) for name, fields in one.servers.items()
    }
    return attrs.evolve(one, counters=_merged(one.counters, other.counters), servers=servers)


def merge(everything: Iterable[PoolFigures]) -> dict[str, PoolFigures]:
    """
    Add up the figures of pools with the same name.
    """
    merged: dict[str, PoolFigures] = {}
    for each in everything:
        known = merged.get(each.name)
        merged[each.name] = each if known is None else _both(known, each)
    return merged


def _lasting(fields: Mapping[str, int]) -> dict[str, int]:
    return {name: 0 if name in GAUGES else value for name, value in fields.items()}


def past(pool: PoolFigures) -> PoolFigures:
    """
    What is left of the figures of a worker that has ended: the counters.
    """
    servers = {name: _lasting(fields) for name, fields in pool.servers.items()}
    return attrs.evolve(pool, counters=_lasting(pool.counters), servers=servers)


def counted(pool: PoolFigures, ejections: int) -> PoolFigures:
    """
    The same with the parent's number of ejections.
    """
    return attrs.evolve(pool, counters={**pool.counters, "server_ejects": ejections})
