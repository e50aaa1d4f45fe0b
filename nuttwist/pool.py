"""
One pool: a listener, its clients, and the distributor behind them.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress

from nuttwist.config import PoolConfig
from nuttwist.distributor import Distributor
from nuttwist.listening import ListeningService
from nuttwist.net.adopting import Inherited
from nuttwist.net.frontend import Frontend
from nuttwist.net.serverprotocol import Terms
from nuttwist.reactors import Loop
from nuttwist.sampling import Sampling
from nuttwist.statistics import PoolFigures, PoolView, Statistics, figuresOf
from nuttwist.wire.dialect import Dialect
from nuttwist.wire.memcache.dialect import MEMCACHE
from nuttwist.wire.redis.dialect import REDIS
from nuttwist.wire.replyqueue import PATIENCE
from nuttwist.wire.router import Settings
from nuttwist.wire.sampler import PoolSampler

#: By the value of the key C{redis}.
DIALECTS: dict[bool, Dialect] = {False: MEMCACHE, True: REDIS}


def settingsOf(config: PoolConfig, dialect: Dialect) -> Settings:
    """
    What the dialect needs to know of the configuration.
    """
    largest = config.item_size_max or dialect.item_size_max
    return Settings(
        item_size_max=largest,
        request_bytes_max=largest + config.client_bytes_max,
        reply_bytes_max=largest + PATIENCE * config.client_bytes_max,
        line_length_max=config.line_length_max,
        hangUp=config.on_unsupported == "close",
        partial_results=config.partial_results,
        flush_all=config.flush_all,
        password=config.redis_auth,
        database=config.redis_db,
    )


def termsOf(config: PoolConfig) -> Terms:
    """
    What the clients of a pool are held to.
    """
    idle = config.client_idle_timeout
    return Terms(
        limit=config.client_connections,
        keepAlive=config.tcpkeepalive,
        budget=config.client_bytes_max,
        most=config.client_requests_max,
        idleTimeout=None if idle is None else idle / 1000,
    )


class PoolService(MultiService):
    """
    A pool of the configuration, as a service.

    @ivar config: as given.
    @ivar distributor: routes its requests.
    @ivar frontend: holds its clients.
    @ivar sampler: what was seen of its requests; L{None} when nobody looks.
    """

    def __init__(
        self,
        config: PoolConfig,
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
        dialect = DIALECTS[config.redis]
        settings = settingsOf(config, dialect)
        self.sampler: PoolSampler | None = None
        if sampling is not None:
            self.sampler = sampling.samplerOf(config, dialect, loop.sockets.seconds)
        self.distributor = Distributor(
            config,
            dialect,
            loop,
            settings,
            lambda about: statistics.lines(self.view(), about),
            readSize,
            self.sampler,
        )
        routes = self.distributor.lane(0)
        self.frontend = Frontend(
            lambda replies: dialect.requests(replies, routes, settings),
            self.distributor.counters,
            loop.turn,
            loop.sockets,
            dialect.refusal,
            termsOf(config),
            readSize=readSize,
        )
        self.listening = ListeningService(
            config.listen, self.frontend, loop.sockets, config.backlog, inherited
        )
        self.distributor.setServiceParent(self)
        self.listening.setServiceParent(self)

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

    async def _stop(self) -> None:
        await self.listening.stopService()
        await self.frontend.drain(self.config.drain_timeout / 1000)
        await self.distributor.stopService()

    def stopService(self) -> Deferred[Any]:
        """
        Stop listening, let the servers answer what clients have asked, for C{drain_timeout} at
        most, close the clients, then the servers.

        @return: fires when no socket and no timer is left.
        """
        self.running = 0
        return Deferred.fromCoroutine(self._stop())

    def abort(self) -> None:
        """
        Close every client at once, also while it is stopped.
        """
        self.frontend.abort()
