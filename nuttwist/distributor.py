"""
The middle of the drawing: keys to backends, and which servers are live.

The distributor owns the ring, the ledger and the backends of one pool, and one timer for all
servers that wait to come back.
"""

from __future__ import annotations

import itertools
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
from nuttwist.routes import Routes
from nuttwist.server import Server
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.dialect import Dialect, Lane
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.retry import Allowance, Retries
from nuttwist.wire.router import Settings

_log = Logger(namespace="nuttwist.distributor")

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
    Knows the servers of one pool and who of them is live.

    @ivar servers: all servers, in the pool's internal order.
    @ivar counters: of the pool.
    @ivar ledger: who has failed how often, and who is out.
    @ivar crowded: how many pipelines hold their clients back at the moment.
    @ivar tell: told of each server that was ejected, and with C{True} of each that was let in.
    """

    def __init__(
        self,
        config: PoolConfig,
        dialect: Dialect,
        loop: Loop,
        settings: Settings,
        statistics: Callable[[str], list[tuple[str, str]]],
        readSize: int,
    ) -> None:
        """
        @param statistics: what a client is told of the counters; see L{statistics}.
        @param readSize: bytes read from a socket at a time.
        """
        self.config = config
        self.counters = PoolCounters()
        self.crowded = 0
        self.seconds = loop.sockets.seconds
        self.statistics = statistics
        self.tell: Callable[[Server, bool], None] = lambda *_: None
        self._loop = loop
        self._settings = settings
        self._lanes: dict[int, Routes] = {}
        self._dialect = dialect
        self._readSize = readSize
        self._retry: IDelayedCall | None = None
        self._clientNumbers = itertools.count(1)
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
        self.servers = [
            Server(config.name, each, index, self, self._makeBackends)
            for index, each in enumerate(config.servers)
        ]
        self._noServer = NoServer(loop.turn, dialect.errorLine).pipeline

    def _makeBackends(self, server: Server, lane: int) -> list[Backend]:
        backends = [
            self._makeBackend(server, self._dialect.lanes[lane])
            for _ in range(self.config.server_connections)
        ]
        retries = Retries(self.lane(lane), self._dialect.repeatable, self._allowance, self.counters)
        for backend in backends:
            backend.pipeline.retry = retries.retry
        return backends

    def _allowance(self) -> Allowance:
        timeout = self.config.timeout
        return Allowance(self.config.retries if self.running else 0, timeout and timeout / 1000)

    def _makeBackend(self, server: Server, lane: Lane) -> Backend:
        timeout = self.config.timeout
        backend = Backend(
            connectTo(server.config, self._loop.sockets),
            lane.replies,
            lane.greeting(self._settings),
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
                server.answered,
                server.index,
                server.troubled,
            )
        )
        return backend

    # -- the service

    def startService(self) -> None:
        Service.startService(self)
        # Servers may have been out when it was stopped.
        self._revive()
        if self.config.preconnect:
            for server in self.servers:
                server.connections(0)[0].connect()

    def stopService(self) -> Deferred[list[None]]:
        Service.stopService(self)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        probes = list(self._probes.values())
        for probe in probes:
            probe.over(False)
        backends = [backend for server in self.servers for backend in server.backends]
        return gatherResults([each.closed for each in probes] + [each.stop() for each in backends])

    # -- what routes ask

    def lane(self, number: int) -> Routes:
        """
        The router over one kind of server connections.
        """
        routes = self._lanes.get(number)
        if routes is None:
            routes = self._lanes[number] = Routes(self, number)
        return routes

    def locate(self, key: bytes) -> Server | None:
        """
        The live server of a key; L{None} when no server is live.
        """
        index = self._ring.locate(key)
        return None if index is None else self.servers[index]

    def cacheable(self) -> bool:
        """
        Whether a key stays with its server until servers go or come.
        """
        return self._ring.cacheable

    def clients(self) -> int:
        """
        How many clients the pool has at the moment.
        """
        return self.counters.client_connections

    def nextClient(self) -> int:
        """
        A number that no other client of the pool has got.
        """
        return next(self._clientNumbers)

    def noServer(self) -> Pipeline:
        """
        Where requests go when no server is live.
        """
        return self._noServer

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

    def succeeded(self, server: Server) -> None:
        """
        A server has answered: its failures are forgotten.
        """
        self.ledger.succeeded(server.index)

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
            self.tell(server, False)

    def learn(self, name: str, outFor: float | None) -> None:
        """
        Another process has ejected a server or let it in: so it is here too, without being
        counted.

        @param outFor: seconds until it is to be asked whether it is well; L{None}: it is.
        """
        index = next(each.index for each in self.servers if each.config.name == name)
        if outFor is None:
            self.ledger.readmit(index)
        else:
            self.ledger.eject(index, self.seconds() + outFor)
        self._rebuild()

    def _rebuild(self) -> None:
        for routes in self._lanes.values():
            routes.routes.clear()
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
            if self.servers[index] not in self._probes:
                self._probe(self.servers[index])
        self._schedule()

    def _probe(self, server: Server) -> None:
        timeout = (self.config.timeout or PROBE_TIMEOUT) / 1000
        question, answers = self._dialect.probe(self._settings)
        probe = Probe(question, answers, self._loop.sockets, timeout, partial(self._probed, server))
        self._probes[server] = probe
        self.counters.opened += 1
        connectTo(server.config, self._loop.sockets)(probe, timeout)

    def _probed(self, server: Server, well: bool) -> None:
        del self._probes[server]
        if well:
            self.ledger.readmit(server.index)
            self._rebuild()
            self.tell(server, True)
        _log.info(
            "{pool}: {server} is {state}",
            pool=self.config.name,
            server=server.config.name,
            state="back" if well else "still out",
        )
