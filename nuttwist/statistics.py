"""
The counters, as twemproxy's JSON document and as the answer to memcached's stats command.

Names, nesting and types of the JSON are twemproxy's (nc_stats.c); the values are those of this
moment, and names are escaped.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import attrs

from nuttwist.distributor.server import Server
from nuttwist.wire.counters import PoolCounters

#: The pool's counters that the JSON shows, in its order.
POOL_FIELDS = (
    "client_eof",
    "client_err",
    "client_connections",
    "server_ejects",
    "forward_error",
    "fragments",
)

Value = int | str | dict[str, "Value"]


@attrs.frozen
class PoolView:
    """
    A pool, as far as it is counted.
    """

    name: str
    counters: PoolCounters
    servers: Sequence[Server]
    listening: bool = True


def serverFields(server: Server) -> dict[str, int]:
    """
    Everything counted of one server, in twemproxy's order.
    """
    sizes = [backend.pipeline.sizes() for backend in server.backends]
    inQueue, inBytes, outQueue, outBytes = (sum(column) for column in zip(*sizes, strict=True))
    return {
        **attrs.asdict(server.counters),
        "in_queue": inQueue,
        "in_queue_bytes": inBytes,
        "out_queue": outQueue,
        "out_queue_bytes": outBytes,
    }


@attrs.frozen
class PoolFigures:
    """
    What was counted of a pool up to one moment.

    @ivar counters: of the pool, by their names; more than the JSON shows.
    @ivar servers: the counters of each server, by its name, in the pool's internal order.
    """

    name: str
    listening: bool
    counters: dict[str, int]
    servers: dict[str, dict[str, int]]

    def current(self) -> int:
        """
        Sockets open: the listener's, of clients and to servers.
        """
        servers = sum(each["server_connections"] for each in self.servers.values())
        return self.listening + self.counters["client_connections"] + servers


def figuresOf(pool: PoolView) -> PoolFigures:
    """
    The figures of this moment.
    """
    servers = {each.config.name: serverFields(each) for each in pool.servers}
    return PoolFigures(pool.name, pool.listening, attrs.asdict(pool.counters), servers)


def poolFields(pool: PoolFigures) -> dict[str, Value]:
    """
    Everything counted of one pool and its servers, in twemproxy's order.
    """
    fields: dict[str, Value] = {name: pool.counters[name] for name in POOL_FIELDS}
    for name, counters in pool.servers.items():
        fields[name] = {**counters}
    return fields


class Statistics:
    """
    All that one proxy counts.

    @ivar started: seconds since the epoch.
    @ivar version: of the package.
    """

    def __init__(self) -> None:
        self.started = time.time()
        self.source = socket.gethostname()
        # Read from a file, each time.
        self.version = version("nuttwist")

    def uptime(self) -> int:
        """
        Whole seconds since the start.
        """
        return int(time.time() - self.started)

    def document(self, pools: Iterable[PoolFigures]) -> bytes:
        """
        twemproxy's JSON, one line.
        """
        pools = list(pools)
        document: dict[str, Value] = {
            "service": "nuttwist",
            "source": self.source,
            "version": self.version,
            "uptime": self.uptime(),
            "timestamp": int(time.time()),
            "total_connections": sum(each.counters["opened"] + each.listening for each in pools),
            "curr_connections": sum(each.current() for each in pools),
        }
        for pool in pools:
            document[pool.name] = poolFields(pool)
        return json.dumps(document).encode("ascii") + b"\n"

    def lines(self, pool: PoolView, about: str) -> list[tuple[str, str]]:
        """
        The answer to a client's stats command.

        @param about: C{""} for the pool, C{"servers"} for each of its servers.
        """
        if about == "servers":
            return [
                (f"{server.config.name}:{name}".replace(" ", "_"), str(value))
                for server in pool.servers
                for name, value in serverFields(server).items()
            ]
        general = {
            "pid": os.getpid(),
            "uptime": self.uptime(),
            "time": int(time.time()),
            "version": self.version,
            "pool": pool.name,
            "curr_connections": pool.counters.client_connections,
            "total_connections": pool.counters.opened,
        }
        fields = {**general, **attrs.asdict(pool.counters)}
        return [(name, str(value)) for name, value in fields.items()]
