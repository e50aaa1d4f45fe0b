"""
The middle of the drawing: keys to backends, and which servers are live.

The distributor owns the ring, the ledger and the backends of one pool, and one timer for all
servers that wait to come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IConnector, IDelayedCall
from twisted.internet.protocol import ClientFactory
from twisted.logger import Logger

from nuttwist.config import PoolConfig, ServerConfig
from nuttwist.net.backend import Backend
from nuttwist.net.noserver import NoServer
from nuttwist.net.probe import Probe
from nuttwist.reactors import Loop, Sockets
from nuttwist.ring.distributions import RingServer
from nuttwist.ring.ledger import EjectionLedger
from nuttwist.ring.ring import Ring
from nuttwist.server import Server
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import Dialect
from nuttwist.wire.pipeline import Pipeline

_log = Logger(namespace="nuttwist.distributor")

#: Keys whose way is remembered. When there are more, all are forgotten: that bounds the memory
#: and costs each key one look at the ring.
REMEMBERED = 65536

#: Milliseconds for a probe in a pool without a timeout of its own.
PROBE_TIMEOUT = 1000


def connectTo(
    config: ServerConfig, sockets: Sockets
) -> Callable[[ClientFactory, float], IConnector]:
    """
    How a connection to a server is started.
    """
    if config.path:
        return lambda factory, timeout: sockets.connectUNIX(config.path, factory, timeout)
    return lambda factory, timeout: sockets.connectTCP(config.host, config.port, factory, timeout)


class Distributor(Service):
    """
    Routes the requests of one pool; provides L{nuttwist.wire.router.Router}.

    @ivar servers: all servers, in the pool's internal order.
    @ivar counters: of the pool.
    """

    def __init__(
        self,
        config: PoolConfig,
        dialect: Dialect,
        loop: Loop,
        statistics: Callable[[str], list[tuple[str, str]]],
        readSize: int,
    ) -> None:
        """
        @param statistics: what a client is told of the counters; see L{statistics}.
        @param readSize: bytes read from a socket at a time.
        """
        self.config = config
        self.counters = PoolCounters()
        self.routes: dict[bytes, Pipeline] = {}
        self.crowded = 0
        self.seconds = loop.sockets.seconds
        self._loop = loop
        self._statistics = statistics
        self._dialect = dialect
        self._readSize = readSize
        self._retry: IDelayedCall | None = None
        self._probes: dict[Server, Probe] = {}
        self.ledger = EjectionLedger(
            len(config.servers), config.server_failure_limit, config.server_retry_timeout / 1000
        )
        self._ring = Ring(
            [RingServer(each.nameBytes, each.weight) for each in config.servers],
            config.hash,
            config.distribution,
            config.hash_tag,
        )
        self.servers = [self._makeServer(each, index) for index, each in enumerate(config.servers)]
        self._noServer = NoServer(loop.turn, dialect.errorLine).pipeline

    def _makeServer(self, config: ServerConfig, index: int) -> Server:
        server = Server(self.config.name, config, index, self)
        timeout = self.config.timeout
        for _ in range(self.config.server_connections):
            backend = Backend(
                connectTo(config, self._loop.sockets),
                self._dialect.replies,
                server,
                self._loop.turn,
                self._loop.sockets,
                None if timeout is None else timeout / 1000,
                self._readSize,
            )
            backend.attach(
                Pipeline(
                    backend,
                    server.counters,
                    self._dialect.errorLine,
                    partial(self.ledger.succeeded, index),
                    index,
                )
            )
            server.backends.append(backend)
        return server

    # -- the service

    def startService(self) -> None:
        Service.startService(self)
        # Servers may have been out when it was stopped.
        self._revive()
        if self.config.preconnect:
            for server in self.servers:
                server.backends[0].connect()

    def stopService(self) -> Deferred[list[None]]:
        Service.stopService(self)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        for probe in list(self._probes.values()):
            probe.over(False)
        return gatherResults(
            [backend.stop() for server in self.servers for backend in server.backends]
        )

    # -- the router

    def route(self, key: bytes) -> Pipeline:
        """
        The pipeline for a well-formed key; one that fails every request when no server is live.
        """
        index = self._ring.locate(key)
        pipeline = self._noServer if index is None else self.servers[index].pipelineFor(key)
        if self._ring.cacheable:
            if len(self.routes) >= REMEMBERED:
                self.routes.clear()
            self.routes[key] = pipeline
        return pipeline

    def fleet(self) -> list[tuple[str, Pipeline]]:
        """
        One pipeline to each server, dead or alive, with the server's name.
        """
        return [(each.config.name, each.backends[0].pipeline) for each in self.servers]

    def statistics(self, about: str) -> list[tuple[str, str]]:
        """
        The counters as names and values: of the pool, or C{"servers"} for each server.
        """
        return self._statistics(about)

    # -- the ledger

    def opened(self) -> None:
        """
        A connection was opened.
        """
        self.counters.opened += 1

    def crowd(self, change: int) -> None:
        """
        So many more pipelines hold clients back, or fewer.
        """
        self.crowded += change

    def isWatchful(self) -> bool:
        """
        True when failures are counted, to eject the server over them.
        """
        return self.config.auto_eject_hosts and bool(self.running)

    def failed(self, server: Server) -> None:
        """
        Count a failure, and eject the server when there were enough in a row.
        """
        if self.isWatchful() and self.ledger.failed(server.index, self.seconds()):
            self.counters.server_ejects += 1
            server.counters.server_ejected_at = int(time.time() * 1_000_000)
            _log.warn(
                "{pool}: ejected {server} for {seconds} s",
                pool=self.config.name,
                server=server.config.name,
                seconds=self.ledger.retryAfter,
            )
            self._rebuild()

    def _rebuild(self) -> None:
        self.routes.clear()
        self._ring.rebuild(self.ledger.live())
        self._schedule()

    def _schedule(self) -> None:
        deadline = self.ledger.nextDeadline()
        if deadline is not None and self._retry is None:
            left = max(0, deadline - self.seconds())
            self._retry = self._loop.sockets.callLater(left, self._revive)

    def _revive(self) -> None:
        self._retry = None
        now = self.seconds()
        for index in self.ledger.due(now):
            # Out for another term, unless the probe finds it well.
            self.ledger.eject(index, now + self.ledger.retryAfter)
            self._probe(self.servers[index])
        self._schedule()

    def _probe(self, server: Server) -> None:
        timeout = (self.config.timeout or PROBE_TIMEOUT) / 1000
        question, answer = self._dialect.probe
        probe = Probe(question, answer, self._loop.sockets, timeout, partial(self._probed, server))
        self._probes[server] = probe
        self.counters.opened += 1
        connectTo(server.config, self._loop.sockets)(probe, timeout)

    def _probed(self, server: Server, well: bool) -> None:
        del self._probes[server]
        if well:
            self.ledger.readmit(server.index)
            self._rebuild()
        _log.info(
            "{pool}: {server} is {state}",
            pool=self.config.name,
            server=server.config.name,
            state="back" if well else "still out",
        )
