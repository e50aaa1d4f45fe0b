"""
One pool: a listener, its clients, and the distributor behind them.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.logger import Logger

from nuttwist.changes import Change
from nuttwist.config import PoolConfig
from nuttwist.config.credentials import Credentials, readCredentials
from nuttwist.distributor import Distributor
from nuttwist.distributor.wiring import Wiring
from nuttwist.listening import ListeningService
from nuttwist.listening.moving import bindAll
from nuttwist.logs.events import POOL_DRAINING, POOL_STOPPED
from nuttwist.net.adopting import Inherited
from nuttwist.net.frontend import Frontend
from nuttwist.net.visits import Visits
from nuttwist.reactors import Loop
from nuttwist.sampling import Sampling
from nuttwist.statistics import PoolFigures, PoolView, Statistics, figuresOf
from nuttwist.terms import DIALECTS, settingsOf, termsOf
from nuttwist.wire.dialect import Dialect
from nuttwist.wire.sampler import PoolSampler

_log = Logger(namespace="nuttwist.pool")


class PoolService(MultiService):
    """
    A pool of the configuration, as a service.

    @ivar config: as given.
    @ivar credentials: what it encrypts with.
    @ivar distributor: routes its requests.
    @ivar frontend: holds its clients.
    @ivar sampler: what was seen of its requests; L{None} when nobody looks.
    """

    def __init__(
        self,
        config: PoolConfig,
        credentials: Credentials,
        loop: Loop,
        statistics: Statistics,
        readSize: int,
        inherited: Inherited | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        """
        @param readSize: bytes read from a socket at a time.
        @param inherited: the listener, when another process has bound it.
        @param sampling: how requests are looked at; L{None}: not at all.
        """
        MultiService.__init__(self)
        self.setName(config.name)
        self.config = config
        self.credentials = credentials
        self._loop = loop
        self._sampling = sampling
        self._backup: PoolService | None = None
        # Other pools may have sent something to these servers that nobody waits for here.
        self._finishes = False
        dialect = DIALECTS[config.redis]
        self._settings = settingsOf(config, dialect)
        self.sampler = self._samplerBy(dialect)
        wiring = self._wiringFor(dialect, readSize)
        self.distributor = Distributor(wiring, lambda about: statistics.lines(self.view(), about))
        self.frontend = self._frontendFor(dialect, readSize)
        self.listening = self.listeningBy(config, credentials, inherited)
        self.distributor.setServiceParent(self)
        self.listening.setServiceParent(self)

    def _samplerBy(self, dialect: Dialect) -> PoolSampler | None:
        if self._sampling is None:
            return None
        return self._sampling.samplerOf(self.config, dialect, self._loop.sockets.seconds)

    def _wiringFor(self, dialect: Dialect, readSize: int) -> Wiring:
        return Wiring(
            self.config,
            self._settings,
            dialect,
            self._loop,
            lambda: self.credentials,
            readSize,
            self.sampler,
        )

    def _frontendFor(self, dialect: Dialect, readSize: int) -> Frontend:
        routes = self.distributor.lane(0)
        return Frontend(
            lambda replies: dialect.requests(replies, routes, self._settings),
            self.distributor.counters,
            self._loop.turn,
            self._loop.sockets,
            dialect.refusal,
            termsOf(self.config),
            Visits(self.config.name),
            readSize=readSize,
        )

    def view(self) -> PoolView:
        """
        What is counted.
        """
        return PoolView(
            self.config.name,
            self.distributor.counters,
            self.distributor.servers,
            self.listening.port is not None,
        )

    def figures(self) -> PoolFigures:
        """
        What is counted, as it is at this moment.
        """
        return figuresOf(self.view())

    def address(self) -> IAddress:
        """
        Where the pool listens, with the port that the system chose if that was left to it.

        @raise RuntimeError: it does not listen.
        """
        if self.listening.port is None:
            raise RuntimeError(f"pool {self.config.name!r} is not listening: start it first")
        return self.listening.port.getHost()

    # -- another configuration

    def listeningBy(
        self, config: PoolConfig, credentials: Credentials, inherited: Inherited | None
    ) -> ListeningService:
        """
        A listener for the clients of this pool, not bound yet.

        @raise nuttwist.config.SettingError: the socket of a C{systemd:} endpoint was not passed.
        """
        return ListeningService(
            config.listen,
            self.frontend,
            self._loop.sockets,
            config.name,
            config.backlog,
            inherited,
            credentials.shown,
        )

    def reconfigure(self, config: PoolConfig) -> Deferred[None]:
        """
        Go by another configuration. Clients stay connected, servers that stay keep their
        connections, and what is in flight is finished.

        @param config: with the same name and protocol. The pool of its C{backup} is the affair of
            L{nuttwist.service.ProxyService.reconfigure}.
        @return: fires when that is so and what was removed is closed, or fails with
            C{CannotListenError}, and nothing has changed.
        @raise ValueError: it is the configuration of another pool.
        @raise nuttwist.config.SettingError: a certificate cannot be used.
        """
        if (config.name, config.redis) != (self.config.name, self.config.redis):
            raise ValueError(f"{config.name!r} is another pool than {self.config.name!r}")
        credentials = readCredentials([config])[config.name]
        moves = Change(self.config, config).moves()
        listening = self.listeningBy(config, credentials, None) if moves else None
        return Deferred.fromCoroutine(self._reconfigure(config, credentials, listening))

    async def _reconfigure(
        self, config: PoolConfig, credentials: Credentials, listening: ListeningService | None
    ) -> None:
        if listening is not None and self.running:
            await bindAll([listening], [self.listening])
        await self.follow(config, credentials, listening)

    def renew(self, credentials: Credentials) -> None:
        """
        Encrypt with these from now on, if they are others; connections that are made stay.
        """
        if credentials != self.credentials:
            self.credentials = credentials
            self.listening.show(credentials.shown)

    def follow(
        self, config: PoolConfig, credentials: Credentials, listening: ListeningService | None
    ) -> Deferred[Any]:
        """
        Go by another configuration, which is known to be possible.

        @param credentials: of that configuration.
        @param listening: in place of the present one, bound if the pool runs; L{None} if that is
            to stay.
        @return: fires when what was removed is closed.
        """
        self.config = config
        self._settings = settingsOf(config, DIALECTS[config.redis])
        self.frontend.change(termsOf(config))
        for client in self.frontend.clients:
            client.grammar.follow(self._settings)
        if self._sampling is not None and self.sampler is not None:
            self._sampling.fit(self.sampler, config)
        ends: list[Deferred[Any]] = []
        if listening is not None:
            ends.append(maybeDeferred(self.listening.disownServiceParent))
            self.listening = listening
            listening.setServiceParent(self)
        self.renew(credentials)
        ends.append(self.distributor.reconfigure(config, self._settings))
        return gatherResults(ends)

    def backUp(self, other: PoolService | None) -> None:
        """
        Have another pool take the keys of servers that are out.

        @param other: L{None}: none does.
        """
        if other is not self._backup:
            self._backup = other
            self.distributor.backUp(None if other is None else other.distributor)

    async def _drain(self) -> None:
        await self.listening.stopService()
        seconds = self.config.drain_timeout / 1000
        if self.frontend.clients:
            clients = len(self.frontend.clients)
            POOL_DRAINING(_log, pool=self.config.name, clients=clients, seconds=seconds)
        await self.frontend.drain(seconds)

    def drain(self) -> Deferred[None]:
        """
        Stop listening, let the servers answer what clients have asked, for C{drain_timeout} at
        most, and close the clients. To those of other pools the servers go on to be of use.

        @return: fires when no client is left.
        """
        self.running = 0
        return Deferred.fromCoroutine(self._drain())

    async def _stop(self) -> None:
        seconds = self._loop.sockets.seconds
        deadline = seconds() + self.config.drain_timeout / 1000
        await self.drain()
        if self._finishes:
            await self.distributor.finish(max(deadline - seconds(), 0))
        await self.distributor.stopService()
        POOL_STOPPED(_log, pool=self.config.name)

    def leave(self) -> Deferred[Any]:
        """
        Belong to no other service any more, and stop; but first the servers answer what was sent to
        them for other pools too, all within C{drain_timeout}.

        @return: fires when no socket and no timer is left.
        """
        self._finishes = True
        return maybeDeferred(self.disownServiceParent)

    def stopService(self) -> Deferred[Any]:
        """
        Drain, and then close the connections to servers.

        @return: fires when no socket and no timer is left.
        """
        return Deferred.fromCoroutine(self._stop())

    def abort(self) -> None:
        """
        Close every client at once, also while it is stopped.
        """
        self.frontend.abort()
