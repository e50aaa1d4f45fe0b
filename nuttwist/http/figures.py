"""
What a source tells, as the values of the JSON; their shapes are in C{docs/api.md}.
"""

from __future__ import annotations

from math import isinf
from typing import Any

from nuttwist.config import ServerConfig
from nuttwist.http.shares import members, sharesOf
from nuttwist.http.source import Look, PoolLook
from nuttwist.observed import Ranking, Standing, Timing
from nuttwist.ring.distributions import RingServer
from nuttwist.ring.hashtag import hashedPart
from nuttwist.ring.ring import Ring
from nuttwist.wire.samples import Histogram, quantile
from nuttwist.wire.sights import plainly

Json = dict[str, Any]

#: Of a server, what the pool tells added up.
TRAFFIC = ("requests", "request_bytes", "responses", "response_bytes")
QUEUES = ("in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes")
LOSSES = ("server_eof", "server_err", "server_timedout")


def latency(timing: Timing) -> Json:
    """
    A histogram with its estimates.
    """
    histogram = Histogram(timing.counts, timing.total)
    count = histogram.count()
    return {
        "count": count,
        "sum": timing.total,
        "mean": timing.total / count if count else None,
        "p50": quantile(timing.counts, 0.5),
        "p90": quantile(timing.counts, 0.9),
        "p99": quantile(timing.counts, 0.99),
        "buckets": [
            ["+Inf" if isinf(bound) else bound, below] for bound, below in histogram.buckets()
        ],
    }


def server(look: PoolLook, config: ServerConfig, share: float) -> Json:
    """
    One server.

    @param share: of the keys.
    """
    counters = look.figures.servers[config.name]
    standing = look.seen.standings.get(config.name, Standing())
    trouble = standing.trouble
    return {
        "name": config.name,
        "address": config.address,
        "weight": config.weight,
        "state": standing.state,
        "since": standing.since,
        "until": standing.until,
        "failures": standing.failures,
        "last_error": None if trouble is None else {"time": trouble[0], "reason": trouble[1]},
        "share": share,
        "connections": counters["server_connections"],
        **{name: counters[name] for name in TRAFFIC},
        "queues": {name: counters[name] for name in QUEUES},
        "losses": {name: counters[name] for name in LOSSES},
        "latency": latency(look.seen.servers.get(config.name, Timing())),
    }


def pool(look: PoolLook) -> Json:
    """
    One pool with its servers.
    """
    config, figures = look.config, look.figures
    shares = sharesOf(config, members(look)).parts
    return {
        "name": config.name,
        "protocol": "redis" if config.redis else "memcached",
        "listen": config.listen.address,
        "listening": figures.listening,
        "draining": look.draining,
        "hash": config.hash,
        "hash_tag": None if config.hash_tag is None else plainly(config.hash_tag),
        "distribution": config.distribution,
        "clients": figures.counters["client_connections"],
        "live": look.live(),
        "hide_keys": config.hide_keys,
        "slow_log_threshold": threshold(look),
        "counters": figures.counters,
        **{name: sum(each[name] for each in figures.servers.values()) for name in TRAFFIC},
        "latency": latency(look.seen.latency),
        "servers": [
            server(look, each, share) for each, share in zip(config.servers, shares, strict=True)
        ],
    }


def threshold(look: PoolLook) -> float | None:
    """
    Seconds from which on a request is slow.
    """
    milliseconds = look.config.slow_log_threshold
    return None if milliseconds is None else milliseconds / 1000


def inFull(look: PoolLook) -> Json:
    """
    One pool with commands and failures.
    """
    return {
        **pool(look),
        "samples": look.seen.samples,
        "commands": [
            {"command": name, "latency": latency(timing)}
            for name, timing in sorted(look.seen.commands.items())
        ],
        "failures": [
            {"server": name, "reason": reason, "count": count}
            for name, reason, count in look.seen.failures
        ],
    }


def ring(look: PoolLook) -> Json:
    """
    The shares of the servers.
    """
    config = look.config
    now = sharesOf(config, members(look))
    full = sharesOf(config, range(len(config.servers)))
    return {
        "pool": config.name,
        "distribution": config.distribution,
        "servers": [
            {
                "name": each.name,
                "state": look.seen.standings.get(each.name, Standing()).state,
                "weight": each.weight,
                "points": None if now.points is None else now.points[at],
                "share": now.parts[at],
                "share_if_all_live": full.parts[at],
            }
            for at, each in enumerate(config.servers)
        ],
        "wheel": now.wheel,
    }


def located(look: PoolLook, key: str) -> Json:
    """
    The server of a key.
    """
    config = look.config
    data = key.encode("utf-8", "surrogateescape")
    servers = [RingServer(each.nameBytes, each.weight) for each in config.servers]
    way = Ring(servers, config.hash, config.distribution, config.hash_tag)
    allLive = way.locate(data) if way.cacheable else None
    way.rebuild(members(look))
    now = way.locate(data) if way.cacheable else None
    part = data if config.hash_tag is None else hashedPart(data, config.hash_tag)
    return {
        "pool": config.name,
        "key": key,
        "hashed": plainly(part),
        "hash": way.hashOf(data),
        "server": None if now is None else config.servers[now].name,
        "server_if_all_live": None if allLive is None else config.servers[allLive].name,
    }


def keys(look: PoolLook, by: str, limit: int) -> Json:
    """
    The top keys.
    """
    ranking = look.seen.rankings.get(by, Ranking())
    return {
        "pool": look.config.name,
        "by": by,
        "hidden": look.config.hide_keys,
        "samples": look.seen.samples,
        "weight": ranking.weight,
        "keys": [
            {"key": key, "estimate": count, "error": error, "share": count / ranking.weight}
            for key, count, error in ranking.keys[:limit]
        ],
    }


def slow(look: PoolLook, limit: int) -> Json:
    """
    The slow log, newest first.
    """
    most = min(limit, look.config.slow_log_length)
    return {
        "pool": look.config.name,
        "threshold": threshold(look),
        "hidden": look.config.hide_keys,
        "requests": look.seen.slow[::-1][:most],
    }


def unready(look: Look) -> list[str]:
    """
    Why clients should not be sent here; nothing when they may.
    """
    reasons = [
        f"worker {each['worker']}: it is not ready" for each in look.workers if not each["ready"]
    ]
    for each in look.pools:
        name = f"pool {each.config.name!r}:"
        if each.draining:
            reasons.append(f"{name} it is draining")
        if not each.figures.listening:
            reasons.append(f"{name} it does not listen")
        if not each.live():
            reasons.append(f"{name} no server is live")
    return reasons
