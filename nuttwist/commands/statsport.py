"""
What a statistics port says, nuttwist's or twemproxy's: read once, and compared with what it said
before.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import attrs

from nuttwist.commands.arguments import Place, written
from nuttwist.commands.mistakes import CommandError

STATSPORT = "a statistics port, of twemproxy too"
DEFAULT = ("127.0.0.1", 22222)
SECONDS = 5.0
LONGEST = 64 * 1024 * 1024

ENDS = ("server_eof", "server_err", "server_timedout")
"""The counters of a server's connections that ended."""

Document = dict[str, Any]


def fetch(place: Place) -> Document:
    """
    Ask a statistics port.

    @raise CommandError: If nobody listens there, or it says something else or nothing.
    """
    try:
        text = _read(place)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError(f"{written(place)} gives no statistics: {reason}") from None
    with suppress(ValueError):
        document = json.loads(text.decode("utf-8", "surrogateescape"))
        if isinstance(document, dict) and "service" in document:
            return document
    begin = text[:40].decode("utf-8", "backslashreplace")
    raise CommandError(f"{written(place)} is not a stats port: it says {begin!r}, JSON is wanted")


def _read(place: Place) -> bytes:
    deadline = time.monotonic() + SECONDS
    data = bytearray()
    with socket.create_connection(place, SECONDS) as connection:
        while len(data) < LONGEST:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            more = connection.recv(65536)
            if not more:
                break
            data += more
    return bytes(data)


@attrs.frozen
class ServerReading:
    """Everything counted of one server."""

    pool: str
    name: str
    counters: Mapping[str, int]


@attrs.frozen
class PoolReading:
    """Everything counted of one pool, and of its servers."""

    name: str
    counters: Mapping[str, int]
    servers: tuple[ServerReading, ...]


@attrs.frozen
class Reading:
    """
    What a port said.

    @ivar moment: when, in seconds of a steady clock.
    @ivar timestamp: when, in seconds since the epoch by the proxy's clock.
    """

    moment: float
    service: str
    version: str
    source: str
    uptime: int
    timestamp: int
    connections: int
    pools: tuple[PoolReading, ...]


def readingOf(document: Document, moment: float) -> Reading:
    """
    Put a document in order.

    @param moment: when it was read.
    """
    pools = [_pool(name, value) for name, value in document.items() if isinstance(value, dict)]
    return Reading(
        moment,
        str(document["service"]),
        str(document.get("version", "")),
        str(document.get("source", "")),
        int(document.get("uptime", 0)),
        int(document.get("timestamp", 0)),
        int(document.get("curr_connections", 0)),
        tuple(pools),
    )


def _pool(name: str, fields: Document) -> PoolReading:
    servers = [
        ServerReading(name, each, value)
        for each, value in fields.items()
        if isinstance(value, dict)
    ]
    return PoolReading(name, _numbers(fields.items()), tuple(servers))


def _numbers(items: Iterable[tuple[str, Any]]) -> dict[str, int]:
    return {name: value for name, value in items if isinstance(value, int)}


def duration(seconds: float) -> str:
    """A time for people, in its two largest units."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def headline(reading: Reading, place: Place) -> str:
    """Who answered."""
    who = f"{reading.service} {reading.version} at {written(place)} on {reading.source}"
    return f"{who}, up {duration(reading.uptime)}, {reading.connections} connections"


def ejectedAgo(reading: Reading, server: ServerReading) -> str:
    """How long ago a server was last ejected; a dash if never."""
    at = server.counters.get("server_ejected_at", 0)
    return duration(max(reading.timestamp - at / 1e6, 0)) if at else "-"
