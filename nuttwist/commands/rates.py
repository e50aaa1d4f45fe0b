"""
How fast the counters of a statistics port grow, between two readings. Arithmetic only.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from nuttwist.commands.statsport import ENDS, PoolReading, Reading, ejectedAgo


@attrs.frozen
class ServerRate:
    """
    One server in a frame.

    @ivar requests: a second; so are C{replies}, C{bytesOut} (to the server) and C{bytesIn}.
    @ivar errors: connections that ended, since the reading before.
    @ivar ejectedAgo: since the last ejection, in words; a dash if there was none.
    """

    pool: str
    server: str
    requests: float
    replies: float
    bytesOut: float
    bytesIn: float
    inQueue: int
    outQueue: int
    connections: int
    errors: int
    ejectedAgo: str


@attrs.frozen
class PoolRate:
    """
    One pool in a frame.

    @ivar requests: a second, to all of its servers.
    @ivar errors: requests answered with an error, since the reading before.
    @ivar ejects: ejections, since the reading before.
    """

    pool: str
    clients: int
    requests: float
    replies: float
    errors: int
    clientErrors: int
    ejects: int
    servers: tuple[ServerRate, ...]


def ratesBetween(before: Reading, after: Reading) -> list[PoolRate]:
    """
    The pools of the later reading. A proxy that was restarted in between began at 0.
    """
    seconds = max(after.moment - before.moment, 1e-9)
    fresh = after.uptime < before.uptime
    known = {} if fresh else {each.name: each for each in before.pools}
    return [_pool(known.get(each.name), each, after, seconds) for each in after.pools]


def _pool(
    before: PoolReading | None, after: PoolReading, reading: Reading, seconds: float
) -> PoolRate:
    known = {each.name: each.counters for each in before.servers} if before else {}
    servers = []
    for each in after.servers:
        grew = _growth(known.get(each.name, {}), each.counters)
        servers.append(
            ServerRate(
                each.pool,
                each.name,
                grew.get("requests", 0) / seconds,
                grew.get("responses", 0) / seconds,
                grew.get("request_bytes", 0) / seconds,
                grew.get("response_bytes", 0) / seconds,
                each.counters.get("in_queue", 0),
                each.counters.get("out_queue", 0),
                each.counters.get("server_connections", 0),
                sum(grew.get(name, 0) for name in ENDS),
                ejectedAgo(reading, each),
            )
        )
    grew = _growth(before.counters if before else {}, after.counters)
    return PoolRate(
        after.name,
        after.counters.get("client_connections", 0),
        sum(each.requests for each in servers),
        sum(each.replies for each in servers),
        grew.get("forward_error", 0),
        grew.get("client_err", 0),
        grew.get("server_ejects", 0),
        tuple(servers),
    )


def _growth(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    # A counter that went back began anew.
    return {
        name: value - before.get(name, 0) if value >= before.get(name, 0) else value
        for name, value in after.items()
    }
