"""
The embedded server's answer to "stats".

The general statistics carry the names that monitoring programs look for. Of the others only those
that mean something for a store without slabs are known; an unknown one is an C{ERROR}, as in
memcached.
"""

from __future__ import annotations

import os

from nuttwist.demo.replies import ERROR, ClientError, Host

_COUNTED = (
    "cmd_get",
    "cmd_set",
    "cmd_flush",
    "cmd_touch",
    "get_hits",
    "get_misses",
    "delete_misses",
    "delete_hits",
    "incr_misses",
    "incr_hits",
    "decr_misses",
    "decr_hits",
    "cas_misses",
    "cas_hits",
    "cas_badval",
    "touch_hits",
    "touch_misses",
    "evictions",
    "reclaimed",
    "total_items",
)


def statistics(host: Host, tokens: list[bytes]) -> bytes:
    """
    Answer "stats" and its variants.

    @raise ClientError: "stats detail" without on, off or dump.
    """
    if len(tokens) == 1:
        return _lines(_general(host))
    if tokens[1] == b"reset":
        host.cache.counters.clear()
        return b"RESET\r\n"
    if tokens[1] == b"detail":
        return _detail(tokens)
    sections = {b"items": {}, b"slabs": {}, b"conns": {}, b"settings": _settings(host)}
    sections[b"sizes"] = {"sizes_status": "disabled"}
    return _lines(sections[tokens[1]]) if tokens[1] in sections else ERROR


def _lines(pairs: dict[str, object]) -> bytes:
    return (
        "".join(f"STAT {name} {value}\r\n" for name, value in pairs.items()).encode() + b"END\r\n"
    )


def _general(host: Host) -> dict[str, object]:
    cache = host.cache
    now = cache.now()
    counted = {name: cache.counters[name] for name in _COUNTED}
    counted["cmd_get"] = counted["get_hits"] + counted["get_misses"]
    return {
        "pid": os.getpid(),
        "uptime": now - host.started,
        "time": now,
        "version": host.version,
        "pointer_size": 64,
        "curr_connections": host.connections,
        "total_connections": host.totalConnections,
        **counted,
        "limit_maxbytes": cache.maxBytes,
        "threads": 1,
        "bytes": cache.usedBytes,
        "curr_items": len(cache),
    }


def _settings(host: Host) -> dict[str, object]:
    cache = host.cache
    return {
        "maxbytes": cache.maxBytes,
        "evictions": "on",
        "cas_enabled": "yes",
        "item_size_max": cache.itemSizeMax,
    }


def _detail(tokens: list[bytes]) -> bytes:
    if tokens[2:3] == [b"dump"]:
        return b"END\r\n"
    if tokens[2:3] in ([b"on"], [b"off"]):
        return b"OK\r\n"
    raise ClientError("usage: stats detail on|off|dump")
