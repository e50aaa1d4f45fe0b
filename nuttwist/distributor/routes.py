"""
The router that one kind of client sees: keys to pipelines, with a memory of the way.
"""

from __future__ import annotations

import time
from typing import Protocol

from nuttwist.distributor.server import Server
from nuttwist.distributor.ways import Ways
from nuttwist.wire.pipeline import Pipeline

#: Keys whose way is remembered. When there are more, all are forgotten: that bounds the memory
#: and costs each key one look at the ring.
REMEMBERED = 65536

#: Bytes; the way of a longer key is not remembered.
MEMORABLE = 250


class Map(Protocol):
    """
    The distributor, as far as routing needs it.

    @ivar ways: where keys go.
    """

    servers: list[Server]
    ways: Ways

    def statistics(self, about: str) -> list[tuple[str, str]]:
        """
        The counters as names and values.
        """

    def seconds(self) -> float:
        """
        Now, by the reactor's clock.
        """

    def clients(self) -> int:
        """
        How many clients the pool has at the moment.
        """

    def nextClient(self) -> int:
        """
        A number that no other client of the pool has got.
        """

    def lane(self, number: int) -> Routes:
        """
        The router over another kind of server connections.
        """


class Routes:
    """
    Routes over one kind of server connections; a L{nuttwist.wire.router.Router}.

    @ivar routes: pipelines of keys routed since servers last went or came.
    """

    def __init__(self, distributor: Map, lane: int) -> None:
        """
        @param lane: which kind, as an index into the dialect's lanes.
        """
        self.routes: dict[bytes, Pipeline] = {}
        self.seconds = distributor.seconds
        self.statistics = distributor.statistics
        self.lane = distributor.lane
        self.clients = distributor.clients
        self.nextClient = distributor.nextClient
        self.time = time.time
        self._distributor = distributor
        self._ways = distributor.ways
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
            for server in self._distributor.servers
        ]
