"""
The proxy as a service that other programs compose.

    >>> from nuttwist.service import ProxyService
    >>> ProxyService.fromFile("conf/nutcracker.yml", reactor).setServiceParent(application)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.error import CannotListenError

from nuttwist.config import Listen, PoolConfig
from nuttwist.configfile import loadConfig
from nuttwist.configpools import checkPools
from nuttwist.net.adopting import Inherited
from nuttwist.pool import PoolService
from nuttwist.reactors import loopOn
from nuttwist.sampling import Sampling
from nuttwist.statistics import Statistics
from nuttwist.telling import TellingService


class ProxyService(MultiService):
    """
    Pools, and the port that tells their counters.

    It can be started and stopped again and again; several in one process share nothing.

    @ivar pools: the pools by name, in twemproxy's internal order.
    """

    def __init__(
        self,
        pools: Sequence[PoolConfig],
        reactor: Any,
        statsAddress: tuple[str, int] | None = None,
        readSize: int = 65536,
        inherited: Mapping[str, Inherited] | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        """
        @param reactor: any reactor with TCP, unix sockets and time. Where it can watch file
            descriptors and the system has epoll, connections are served in turns of their own.
        @param statsAddress: host and port of the stats port; L{None} for none.
        @param readSize: bytes read from a socket at a time.
        @param inherited: the listeners that another process has bound, by the names of their
            pools.
        @param sampling: how requests are looked at; L{None}: not at all.
        @raise nuttwist.config.SettingError: the pools do not go together.
        """
        MultiService.__init__(self)
        checkPools(pools)
        loop = loopOn(reactor)
        self._statistics = Statistics()
        self.pools: dict[str, PoolService] = {}
        for config in pools:
            bound = (inherited or {}).get(config.name)
            pool = PoolService(config, loop, self._statistics, readSize, bound, sampling)
            self.pools[config.name] = pool
            pool.setServiceParent(self)
        self._backUp()
        self.stats: TellingService | None = None
        if statsAddress is not None:
            self.stats = TellingService(Listen(*statsAddress), self.document, loop.sockets)
            self.stats.setServiceParent(self)

    def _backUp(self) -> None:
        for pool in self.pools.values():
            backup = pool.config.backup
            pool.distributor.backUp(None if backup is None else self.pools[backup].distributor)

    def privilegedStartService(self) -> None:
        """
        Bind every port, or none.

        @raise CannotListenError: an address is taken or is not to be had.
        """
        try:
            MultiService.privilegedStartService(self)
        except CannotListenError:
            self.stopService()
            raise

    def startService(self) -> None:
        """
        Bind every port that is not bound yet, and only then start the pools.

        @raise CannotListenError: as L{privilegedStartService}.
        """
        self.privilegedStartService()
        MultiService.startService(self)

    def abort(self) -> None:
        """
        Close every client at once, also while the proxy is stopped.
        """
        for pool in self.pools.values():
            pool.abort()

    @classmethod
    def fromFile(cls, path: str, reactor: Any) -> ProxyService:
        """
        The pools of a configuration file.

        @raise nuttwist.configfile.ConfigError: the file is wrong, with every mistake in it.
        """
        return cls(loadConfig(path), reactor)

    def document(self) -> bytes:
        """
        The counters as twemproxy's JSON.
        """
        return self._statistics.document(pool.figures() for pool in self.pools.values())
