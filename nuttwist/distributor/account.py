"""
What the servers of a pool are held to account for: failures in a row, and connections that hold
clients back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from nuttwist.distributor.server import Server
from nuttwist.distributor.standing import Standing
from nuttwist.distributor.ways import Ways
from nuttwist.ring.ledger import EjectionLedger
from nuttwist.wire.counters import PoolCounters


class Account:
    """
    A L{nuttwist.distributor.server.Keeper}: servers tell it, and it tells the rest of the pool.

    @ivar isWatchful: true when failures are counted, to eject the server over them.
    """

    def __init__(
        self,
        isWatchful: Callable[[], bool],
        standing: Standing,
        ledger: EjectionLedger,
        ways: Ways,
        counters: PoolCounters,
    ) -> None:
        self.isWatchful = isWatchful
        self._standing = standing
        self._ledger = ledger
        self._ways = ways
        self._counters = counters

    def opened(self) -> None:
        """
        A connection was opened.
        """
        self._counters.opened += 1

    def isFailing(self, server: Server) -> bool:
        """
        True when a failure is held against a server that is live.
        """
        return self._ledger.failures(server.config.name) > 0

    def succeeded(self, server: Server) -> None:
        """
        A server has answered: its failures are forgotten.
        """
        self._ledger.succeeded(server.config.name)

    def failed(self, server: Server, why: str) -> None:
        """
        Count a failure, and eject the server when there were enough in a row. One that does not
        belong to the pool any more is not held to account.
        """
        watched = self.isWatchful() and server in self._ways.servers
        if watched and self._standing.failed(server.config.name, why):
            self._counters.server_ejects += 1
            server.counters.server_ejected_at = int(time.time() * 1_000_000)

    def crowd(self, change: int) -> None:
        """
        So many more pipelines hold clients back, or fewer.
        """
        self._ways.crowd(change)
