"""
The middle of the drawing: keys to backends, and which servers are live.

The distributor owns the servers of one pool. Beside it are the ways to them (C{ways}, C{routes}),
what they are held to account for (C{account}), who is out and how they come back (C{standing},
C{revival}), how connections are made (C{wiring}, C{connecting}), and who stays when the
configuration changes (C{succession}) or goes (C{parting}).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults

from nuttwist.config import PoolConfig, ServerConfig
from nuttwist.distributor.account import Account
from nuttwist.distributor.parting import Parting
from nuttwist.distributor.routes import Lanes, Routes
from nuttwist.distributor.server import Server
from nuttwist.distributor.standing import Standing
from nuttwist.distributor.succession import Succession
from nuttwist.distributor.ways import KEEPING, Ways
from nuttwist.distributor.wiring import Wiring
from nuttwist.net.backend import Backend
from nuttwist.net.probe import Probe
from nuttwist.reactors import nextTurn
from nuttwist.ring.ledger import Back, EjectionLedger, Out
from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.retry import Allowance, Retries
from nuttwist.wire.router import Settings


def _terms(config: PoolConfig) -> tuple[int, float, float]:
    first, most = config.server_retry_timeout, config.server_retry_timeout_max
    return config.server_failure_limit, first / 1000, most / 1000


class Distributor(Service):
    """
    Knows the servers of one pool and who of them is live.

    @ivar servers: all servers, in the pool's internal order.
    @ivar counters: of the pool.
    @ivar ledger: who has failed how often, and who is out.
    @ivar ways: where keys go.
    @ivar standing: who is out, and why, and what changes that.
    """

    def __init__(
        self,
        wiring: Wiring,
        statistics: Callable[[str], list[tuple[str, str]]],
    ) -> None:
        """
        @param wiring: what connections are made from.
        @param statistics: what a client is told of the counters, as names and values: those of
            the pool for C{""}, those of each server for C{"servers"}.
        """
        self.config = config = wiring.config
        sockets = wiring.loop.sockets
        self.counters = PoolCounters()
        self.seconds = sockets.seconds
        self._wiring = wiring
        self.ledger = EjectionLedger(*_terms(config))
        self.standing = Standing(config.name, self, self.ledger, sockets)
        self.ways = Ways(self._wiring.standIn)
        self._lanes = Lanes(self.ways, self.counters, self.seconds, statistics)
        self._account = Account(
            self.isWatchful, self.standing, self.ledger, self.ways, self.counters
        )
        self.servers = [self._serve(each, index) for index, each in enumerate(config.servers)]
        self._parting = Parting()
        self._repeatsUntil = inf
        self.ways.build(config, self.servers)

    def _serve(self, config: ServerConfig, index: int) -> Server:
        return Server(self.config.name, config, index, self._account, self._makeBackends)

    def _makeBackends(self, server: Server, lane: int) -> list[Backend]:
        backends = self._wiring.backends(server, lane)
        repeatable = self._wiring.dialect.repeatable
        retries = Retries(self.lane(lane), repeatable, self._allowance, self.counters)
        for backend in backends:
            backend.pipeline.retry = retries.retry
        return backends

    def _allowance(self) -> Allowance:
        timeout = self.config.timeout
        repeats = self.running and self.seconds() < self._repeatsUntil
        return Allowance(self.config.retries if repeats else 0, timeout and timeout / 1000)

    def backUp(self, other: Distributor | None) -> None:
        """
        Have another pool take the keys of servers that are out, if this pool's policy is that.

        @param other: L{None}: they get an error.
        """
        self.ways.backUp(None if other is None else other.ways)

    # -- the service

    def startService(self) -> None:
        Service.startService(self)
        self._repeatsUntil = inf
        self.ways.open(running=True)
        # Servers may have been out when it was stopped.
        self.standing.start()
        self._preconnect(self.servers)

    def stopService(self) -> Deferred[None]:
        Service.stopService(self)
        self.ways.open(running=False)
        ended = gatherResults([*self.standing.stop(), *self._parting.stop(self._backends())])
        # A connection that is given up while it is begun is gone a turn later.
        return ended.addCallback(lambda _: nextTurn(self._wiring.loop.sockets))

    def _preconnect(self, servers: Iterable[Server]) -> None:
        if self.running and self.config.preconnect:
            for server in servers:
                server.connections(0)[0].connect()

    # -- change while running

    def reconfigure(self, config: PoolConfig, settings: Settings) -> Deferred[list[None]]:
        """
        Follow another configuration. A server with the same name and address stays, with its
        counters, and with its connections unless they are to be made in another way. What has
        to go takes no new requests, finishes those it has within C{drain_timeout}, and closes.

        @return: fires when that is so.
        @raise ValueError: it is the configuration of another kind of pool.
        """
        if config.redis != self.config.redis:
            raise ValueError(f"pool {self.config.name} cannot change redis to {config.redis}")
        differs = self._wiring.differs(config)
        self.config = config
        self._wiring = attrs.evolve(self._wiring, config=config, settings=settings)
        self.standing.change(*_terms(config))
        change = Succession.between(self.servers, config.servers)
        for server in change.gone:
            self.standing.forget(server.config.name)
        self.servers = [
            self._serve(each, index) if kept is None else kept
            for index, (each, kept) in enumerate(change.places)
        ]
        old = change.old(differs=differs)
        for backend in self._backends():
            self._wiring.bind(backend)
        self.ways.build(config, self.servers)
        self.changed()
        self._preconnect(self.servers)
        return gatherResults(self._parting.finish(old, config.drain_timeout / 1000))

    def finish(self, seconds: float) -> Deferred[list[None]]:
        """
        Answer what waits, for so many seconds at most, and close: nobody sends anything new.
        """
        # What is not answered by then would be repeated where nothing ends it.
        self._repeatsUntil = self.seconds() + seconds
        return gatherResults(self._parting.finish(self._backends(), seconds))

    def _backends(self) -> list[Backend]:
        return [backend for server in self.servers for backend in server.backends]

    def lane(self, number: int) -> Routes:
        """
        The router over one kind of server connections.
        """
        return self._lanes.lane(number)

    def locate(self, key: bytes) -> Server | None:
        """
        The server that the ring has for a key; L{None} when the ring is empty.
        """
        return self.ways.locate(key)

    # -- who is out

    def isWatchful(self) -> bool:
        """
        True when failures are counted, to eject the server over them.
        """
        config = self.config
        return bool(self.running) and (config.auto_eject_hosts or config.on_failure in KEEPING)

    def probe(self, done: Callable[[bool], None]) -> Probe:
        """
        Make ready to ask a server whether it is well.

        @param done: called once with the answer.
        """
        return self._wiring.probe(done)

    def ask(self, server: str, probe: Probe) -> None:
        """
        Connect the probe to the server.
        """
        self.counters.opened += 1
        self._wiring.ask(self._known(server).config, probe)

    def eject(self, name: str, outFor: float | None = None) -> None:
        """
        Take a server out by hand: it gets no new requests, and answers those that it has.

        @param outFor: seconds until it is asked whether it is well, as one that has failed;
            L{None}: it stays out until L{readmit}.
        @raise ValueError: there is no such server, or the time is not more than 0.
        """
        if outFor is not None and not outFor > 0:
            raise ValueError(f"outFor must be more than 0 seconds or None, not {outFor!r}")
        server = self._known(name)
        self.standing.eject(server.config.name, outFor)
        server.relieve()

    def readmit(self, name: str) -> None:
        """
        Let a server in by hand, whatever put it out; it is not asked whether it is well.

        @raise ValueError: there is no such server.
        """
        self.standing.readmit(self._known(name).config.name)

    def learn(self, name: str, news: Out | Back) -> None:
        """
        Another process has ejected a server or let it in: so it is here too, without being
        counted. One that is not known here is of no interest.
        """
        for server in self.servers:
            if server.config.name == name:
                self.standing.learn(name, news)
                server.relieve()

    def _known(self, name: str) -> Server:
        for server in self.servers:
            if server.config.name == name:
                return server
        names = ", ".join(each.config.name for each in self.servers)
        raise ValueError(f"pool {self.config.name} has no server {name!r}, but {names}")

    def changed(self) -> None:
        """
        A server went or came: keys have other ways.
        """
        self.ways.rebuild(self.standing.whys)
