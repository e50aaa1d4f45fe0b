"""
One server of a pool: its connections, its counters, and what a lost connection means.
"""

from __future__ import annotations

from typing import Protocol
from zlib import crc32

from twisted.logger import Logger

from nuttwist.config import ServerConfig
from nuttwist.net.backend import Backend
from nuttwist.net.troubles import Loss
from nuttwist.wire.counters import ServerCounters
from nuttwist.wire.pipeline import Pipeline

_log = Logger(namespace="nuttwist.server")


class Keeper(Protocol):
    """
    Whoever keeps the ledger of the pool.
    """

    def opened(self) -> None:
        """
        A connection was opened.
        """

    def failed(self, server: Server) -> None:
        """
        A server failed once.
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
    @ivar backends: its connections, made or not.
    """

    def __init__(self, pool: str, config: ServerConfig, index: int, keeper: Keeper) -> None:
        self.pool = pool
        self.config = config
        self.index = index
        self.counters = ServerCounters()
        self.backends: list[Backend] = []
        self._keeper = keeper

    def pipelineFor(self, key: bytes) -> Pipeline:
        """
        The pipeline for a key: always the same one, so that a client reads its own writes.
        """
        backends = self.backends
        return backends[crc32(key) % len(backends) if len(backends) > 1 else 0].pipeline

    def backendMade(self) -> None:
        """
        A connection was made.
        """
        self.counters.server_connections += 1
        self._keeper.opened()

    def backendLost(self, backend: Backend, loss: Loss) -> None:
        """
        A connection was lost, or could not be made. One that was idle is no failure of the
        server; but a server that closes one may be dying, and a look at once spares the next
        request from finding out.
        """
        if loss.made:
            self.counters.server_connections -= 1
        name = loss.trouble.counter
        if not name:
            return
        setattr(self.counters, name, getattr(self.counters, name) + 1)
        _log.info(
            "{pool}: lost {server} ({address}): {reason}",
            pool=self.pool,
            server=self.config.name,
            address=self.config.address,
            reason=loss.trouble.text,
        )
        if loss.worked or not loss.made:
            self._keeper.failed(self)
        elif loss.heard and self._keeper.isWatchful():
            backend.connect()

    def crowd(self, change: int) -> None:
        """
        So many more pipelines hold clients back, or fewer.
        """
        self._keeper.crowd(change)
