"""
What the stats ports of the parent tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from nuttwist.config import PoolConfig
from nuttwist.statistics import PoolFigures, Statistics, poolFields
from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.workers.merging import counted, merge
from nuttwist.workers.worker import Worker

#: Of a server, besides its counters.
QUEUES = ("in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes")


def nothing(pool: PoolConfig) -> PoolFigures:
    """
    The figures of a pool in which nothing has happened.
    """
    server = {**attrs.asdict(ServerCounters()), **dict.fromkeys(QUEUES, 0)}
    servers = {each.name: dict(server) for each in pool.servers}
    return PoolFigures(pool.name, True, attrs.asdict(PoolCounters()), servers)


def sums(
    statistics: Statistics,
    pools: Sequence[PoolConfig],
    figures: Iterable[PoolFigures],
    ejections: Mapping[str, int],
) -> bytes:
    """
    twemproxy's JSON of all workers together.

    @param figures: of workers that run and of those that have ended.
    @param ejections: how many there were in each pool.
    """
    merged = merge([*map(nothing, pools), *figures])
    # A worker may tell of a pool that is gone by now.
    known = [merged[each.name] for each in pools]
    return statistics.document(counted(each, ejections[each.name]) for each in known)


def ofWorker(worker: Worker, starts: int) -> dict[str, Any]:
    """
    A worker by itself.

    @param starts: how many workers its place has had.
    """
    return {
        "worker": worker.number,
        "pid": worker.pid,
        "ready": worker.ready,
        "starts": starts,
        "pools": {each.name: poolFields(each) for each in worker.figures},
    }


def asLine(value: Any) -> bytes:
    """
    A line of JSON.
    """
    return json.dumps(value).encode("ascii") + b"\n"
