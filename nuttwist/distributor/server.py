"""
One server of a pool: its connections, its counters, and what a lost connection means.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol
from zlib import crc32

from twisted.logger import Logger

from nuttwist.config import ServerConfig
from nuttwist.logs.events import SERVER_CLOSED, SERVER_CONNECTED, SERVER_LOST, SERVER_UNREACHABLE
from nuttwist.net.backend import Backend
from nuttwist.net.troubles import Loss
from nuttwist.net.watcher import State
from nuttwist.wire.counters import ServerCounters
from nuttwist.wire.pipeline import Pipeline

_log = Logger(namespace="nuttwist.server")

#: Why a server is ejected that answers, but with errors that say it cannot serve.
TROUBLED = "it answers with errors"


class Keeper(Protocol):
    """
    Whoever keeps the ledger of the pool.
    """

    def opened(self) -> None:
        """
        A connection was opened.
        """

    def failed(self, server: Server, why: str) -> None:
        """
        A server failed once.

        @param why: in a few words.
        """

    def isFailing(self, server: Server) -> bool:
        """
        True when a failure is held against a server that is live.
        """

    def succeeded(self, server: Server) -> None:
        """
        A server has answered.
        """

    def isWatchful(self) -> bool:
        """
        True when failures are counted, to eject the server over them.
        """

    def crowd(self, change: int) -> None:
        """
        So many more pipelines of the pool hold clients back, or fewer.
        """


class Server:
    """
    A memcached or redis process, reached over one or more connections.

    @ivar config: its line of the configuration.
    @ivar index: its place in the pool's internal order.
    @ivar counters: totals over all its connections.
    @ivar trouble: when a connection was last lost or not to be had, in seconds since 1970, and
        why; L{None} if never.
    """

    def __init__(
        self,
        pool: str,
        config: ServerConfig,
        index: int,
        keeper: Keeper,
        make: Callable[[Server, int], list[Backend]],
    ) -> None:
        """
        @param make: makes the server's backends of a lane.
        """
        self.pool = pool
        self.config = config
        self.index = index
        self.counters = ServerCounters()
        self._keeper = keeper
        self._make = make
        self._lanes: dict[int, list[Backend]] = {}
        self.trouble: tuple[float, str] | None = None
        # Connections begun before the last failure: if they are lost as well, it is no other.
        self._shaken: set[Backend] = set()
        self.connections(0)

    def __str__(self) -> str:
        return f"{self.pool}: {self.config.name} ({self.config.address})"

    def about(self) -> dict[str, object]:
        """
        What the log has to say of which server it is.
        """
        return {"pool": self.pool, "server": self.config.name, "address": self.config.address}

    @property
    def backends(self) -> list[Backend]:
        """
        All its connections, made or not.
        """
        return [backend for lane in self._lanes.values() for backend in lane]

    def connections(self, lane: int) -> list[Backend]:
        """
        Its connections of one kind, made or not; a kind comes to be when it is first needed.
        """
        backends = self._lanes.get(lane)
        if backends is None:
            backends = self._lanes[lane] = self._make(self, lane)
        return backends

    def place(self, config: ServerConfig, index: int) -> None:
        """
        It has another line of the configuration by now, with the same address.

        @param index: its place in the pool's internal order by now.
        """
        self.config = config
        self.index = index
        for backend in self.backends:
            backend.pipeline.rank = index

    def renew(self) -> list[Backend]:
        """
        Have new connections, none of them made yet.

        @return: those that it had; they are not its own any more.
        """
        gone, self._lanes = self.backends, {}
        self._shaken = set()
        self.connections(0)
        return gone

    def leave(self) -> list[Backend]:
        """
        It does not belong to the pool any more: what it answers is held to nobody's account.

        @return: its connections.
        """
        for backend in self.backends:
            backend.pipeline.answered = _ofNoInterest
        return self.backends

    def pipelineFor(self, key: bytes, lane: int) -> Pipeline:
        """
        The pipeline for a key: always the same one, so that a client reads its own writes.
        """
        backends = self.connections(lane)
        return backends[crc32(key) % len(backends) if len(backends) > 1 else 0].pipeline

    def answered(self) -> None:
        """
        Replies have reached their clients.
        """
        self._keeper.succeeded(self)

    def troubled(self) -> None:
        """
        A reply told of a passing trouble of the server's.
        """
        self._keeper.failed(self, TROUBLED)

    def backendMade(self) -> None:
        """
        A connection was made.
        """
        self.counters.server_connections += 1
        self._keeper.opened()
        SERVER_CONNECTED(_log, **self.about(), connections=self.counters.server_connections)

    def backendLost(self, backend: Backend, loss: Loss) -> None:
        """
        A connection was lost, or could not be made. One that was idle is no failure of the
        server; but a server that closes one may be dying, and a look at once spares the next
        request from finding out.

        What takes several connections at once is one failure: the loss of a connection counts
        when it was begun after the last loss that counted, or when the server has answered since.
        """
        if loss.made:
            self.counters.server_connections -= 1
        name = loss.trouble.counter
        if not name:
            if loss.made:
                SERVER_CLOSED(_log, **self.about())
            return
        setattr(self.counters, name, getattr(self.counters, name) + 1)
        self.trouble = time.time(), loss.trouble.reason
        what = SERVER_LOST if loss.made else SERVER_UNREACHABLE
        what(_log, **self.about(), reason=loss.trouble.reason, counter=name)
        known = backend in self._shaken and self._keeper.isFailing(self)
        self._shaken.discard(backend)
        if loss.worked or not loss.made:
            if not (known or loss.trouble.isOwn):
                self._failed(loss.trouble.text)
        elif loss.heard and self._keeper.isWatchful():
            if known:
                self._shaken.add(backend)
            backend.connect()

    def _failed(self, why: str) -> None:
        self._shaken = {each for each in self.backends if each.state is not State.IDLE}
        self._keeper.failed(self, why)

    def relieve(self) -> None:
        """
        Clients that are held back on its connections have other ways by now.
        """
        for backend in self.backends:
            backend.relieve()

    def crowd(self, change: int) -> None:
        """
        So many more pipelines hold clients back, or fewer.
        """
        self._keeper.crowd(change)


def _ofNoInterest() -> None:
    """
    Nobody counts it.
    """
