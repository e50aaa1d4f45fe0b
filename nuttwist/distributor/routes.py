"""
The routers of a pool, one for each kind of client: keys to pipelines, with a memory of the way.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from nuttwist.distributor.ways import Ways
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.pipeline import Pipeline

#: Keys whose way is remembered. When there are more, all are forgotten: that bounds the memory
#: and costs each key one look at the ring.
REMEMBERED = 65536

#: Bytes; the way of a longer key is not remembered.
MEMORABLE = 250


class Lanes:
    """
    The routers of one pool, and what all of them are asked.

    @ivar ways: where keys go.
    @ivar seconds: now, by the reactor's clock.
    @ivar statistics: the counters as names and values.
    """

    def __init__(
        self,
        ways: Ways,
        counters: PoolCounters,
        seconds: Callable[[], float],
        statistics: Callable[[str], list[tuple[str, str]]],
    ) -> None:
        self.ways = ways
        self.seconds = seconds
        self.statistics = statistics
        self._counters = counters
        self._numbers = itertools.count(1)
        self._routers: dict[int, Routes] = {}

    def lane(self, number: int) -> Routes:
        """
        The router over one kind of server connections; it comes to be when it is first needed.

        @param number: which kind, as an index into the dialect's lanes.
        """
        router = self._routers.get(number)
        if router is None:
            router = self._routers[number] = Routes(self, number)
            self.ways.caches.append(router.routes)
        return router

    def clients(self) -> int:
        """
        How many clients the pool has at the moment.
        """
        return self._counters.client_connections

    def nextClient(self) -> int:
        """
        A number that no other client of the pool has got.
        """
        return next(self._numbers)


class Routes:
    """
    Routes over one kind of server connections; a L{nuttwist.wire.router.Router}.

    @ivar routes: pipelines of keys routed since servers last went or came.
    """

    def __init__(self, lanes: Lanes, lane: int) -> None:
        """
        @param lane: which kind.
        """
        self.routes: dict[bytes, Pipeline] = {}
        self.seconds = lanes.seconds
        self.statistics = lanes.statistics
        self.lane = lanes.lane
        self.clients = lanes.clients
        self.nextClient = lanes.nextClient
        self.time = time.time
        self._ways = lanes.ways
        self._lane = lane

    @property
    def crowded(self) -> int:
        """
        How many pipelines hold their clients back at the moment.
        """
        return self._ways.crowded

    def route(self, key: bytes) -> Pipeline:
        """
        The pipeline for a well-formed key; one that fails every request when nobody is live
        who could have it.
        """
        pipeline = self._ways.wayOf(key, self._lane)
        if len(key) <= MEMORABLE and self._ways.cacheable():
            if len(self.routes) >= REMEMBERED:
                self.routes.clear()
            self.routes[key] = pipeline
        return pipeline

    def fleet(self) -> list[tuple[str, Pipeline]]:
        """
        One pipeline to each server, dead or alive, with the server's name.
        """
        return [
            (server.config.name, server.connections(self._lane)[0].pipeline)
            for server in self._ways.servers
        ]
