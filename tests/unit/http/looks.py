"""Pools as they could be seen, without a proxy."""

from __future__ import annotations

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.http.source import Look, PoolLook
from nuttwist.observed import Observed
from nuttwist.statistics import PoolFigures

_TRAFFIC = """server_eof server_err server_timedout server_connections server_ejected_at requests
    request_bytes responses response_bytes in_queue in_queue_bytes out_queue out_queue_bytes"""
_COUNTERS = """client_eof client_err client_connections server_ejects forward_error fragments
    client_refused opened"""
NO_TRAFFIC = dict.fromkeys(_TRAFFIC.split(), 0)
NO_COUNTERS = dict.fromkeys(_COUNTERS.split(), 0)


def poolLook(*names, servers=None, counters=None, draining=False, seen=None, **settings):
    """A pool of servers with these names, in which nothing has happened but what is said."""
    config = PoolConfig(
        name="leaf",
        listen=Listen(host="127.0.0.1", port=22121),
        servers=tuple(
            ServerConfig(host="127.0.0.1", port=11211 + at, name=name)
            for at, name in enumerate(names)
        ),
        **settings,
    )
    figures = PoolFigures(
        "leaf",
        True,
        {**NO_COUNTERS, **(counters or {})},
        {name: {**NO_TRAFFIC, **(servers or {}).get(name, {})} for name in names},
    )
    return PoolLook(config, figures, Observed("leaf", **(seen or {})), draining)


def lookAt(*pools, time=100.0, workers=()):
    """Pools at one moment."""
    return Look(pools, workers, time)
