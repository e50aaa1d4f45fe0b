"""
The proxy as a service that other programs compose.

    >>> from nuttwist.service import ProxyService
    >>> ProxyService.fromFile("conf/nutcracker.yml", reactor).setServiceParent(application)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError

from nuttwist.changes import Changes, difference
from nuttwist.config import Listen, PoolConfig
from nuttwist.config.certificates import Read, fromDisk
from nuttwist.config.credentials import Credentials, readCredentials, renewals
from nuttwist.config.file import loadConfig
from nuttwist.config.pools import checkPools
from nuttwist.listening import ListeningService
from nuttwist.listening.moving import Departures, bindAll
from nuttwist.listening.telling import TellingService
from nuttwist.net.adopting import Inherited
from nuttwist.pool import PoolService
from nuttwist.reactors import loopOn
from nuttwist.sampling import Sampling
from nuttwist.statistics import Statistics

#: The verbosity from which on the log has each client.
CLIENTS_FROM = 7


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
        read: Read = fromDisk,
    ) -> None:
        """
        @param reactor: any reactor with TCP, unix sockets and time. Where it can watch file
            descriptors and the system has epoll, connections are served in turns of their own.
        @param statsAddress: host and port of the stats port; L{None} for none.
        @param readSize: bytes read from a socket at a time.
        @param inherited: the listeners that another process has bound, by the names of pools.
        @param sampling: how requests are looked at; L{None}: not at all.
        @param read: gives what is in a file with a certificate or key.
        @raise nuttwist.config.SettingError: the pools do not go together, or a certificate cannot
            be used.
        """
        MultiService.__init__(self)
        checkPools(pools)
        credentials = readCredentials(pools, read)
        self._loop = loopOn(reactor)
        self._readSize = readSize
        self._sampling = sampling
        self._statistics = Statistics()
        self._changing = DeferredLock()
        self._departures = Departures()
        self._leaving: set[PoolService] = set()
        self._clientsLogged = False
        self.pools: dict[str, PoolService] = {}
        for config in pools:
            name = config.name
            pool = self._make(config, credentials[name], (inherited or {}).get(name))
            self.pools[name] = pool
            pool.setServiceParent(self)
        self._backUp()
        self.stats = None if statsAddress is None else self._telling(Listen(*statsAddress))

    def _make(
        self, config: PoolConfig, credentials: Credentials, inherited: Inherited | None
    ) -> PoolService:
        pool = PoolService(
            config,
            credentials,
            self._loop,
            self._statistics,
            self._readSize,
            inherited,
            self._sampling,
        )
        pool.frontend.visits.shown = self._clientsLogged
        return pool

    def _telling(self, listen: Listen) -> TellingService:
        stats = TellingService(listen, self.document, self._loop.sockets)
        stats.setServiceParent(self)
        return stats

    def setVerbosity(self, verbosity: int) -> None:
        """
        Have a line in the log for each client that comes or goes, or none. What else is logged is
        the affair of the log's observers.

        @param verbosity: from 0 to 11; clients have their lines from 7 on, and not by default.
        """
        self._clientsLogged = verbosity >= CLIENTS_FROM
        for pool in self.pools.values():
            pool.frontend.visits.shown = self._clientsLogged

    def _backUp(self) -> None:
        for pool in self.pools.values():
            backup = pool.config.backup
            pool.backUp(None if backup is None else self.pools[backup])

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

    async def _stop(self) -> None:
        # A change that waits for a port has it, or does not, before everything closes.
        await self._changing.acquire()
        try:
            # The servers of one pool may be what the clients of another wait for.
            await gatherResults([pool.drain() for pool in (*self.pools.values(), *self._leaving)])
            leaving = [pool.distributor.stopService() for pool in self._leaving]
            await gatherResults([maybeDeferred(MultiService.stopService, self), *leaving])
            await self._departures.whenNone()
        finally:
            self._changing.release()

    def stopService(self) -> Deferred[Any]:
        """
        Stop every pool, as L{PoolService.stopService} does; none has its servers closed before the
        clients of all are gone.

        @return: fires when no socket and no timer is left.
        """
        return Deferred.fromCoroutine(self._stop())

    def abort(self) -> None:
        """
        Close every client at once, also while the proxy is stopped.
        """
        for pool in (*self.pools.values(), *self._leaving):
            pool.abort()

    # -- other pools

    @property
    def configs(self) -> list[PoolConfig]:
        """
        The configurations of the pools.
        """
        return [pool.config for pool in self.pools.values()]

    def reconfigure(
        self,
        pools: Sequence[PoolConfig],
        inherited: Mapping[str, Inherited] | None = None,
        read: Read = fromDisk,
    ) -> Deferred[Changes]:
        """
        Have these pools from now on. One that is the same as before is not touched. One with
        other settings keeps its clients and its counters, and servers that stay keep their
        connections; see L{PoolService.reconfigure}. One that is gone, or has another name or
        protocol, is stopped, which may take its C{drain_timeout}. Certificates and keys are
        read again; connections that are made stay as they are.

        @param inherited: new listeners that another process has bound, by the names of pools.
        @param read: gives what is in a file with a certificate or key.
        @return: fires with what was changed when the new pools serve; those that were removed may
            not have ended yet. It fails with C{CannotListenError} when an address is not to be
            had, and with C{SettingError} when a certificate cannot be used or the pools do not go
            together; then nothing has changed.
        """
        change = self._reconfigure(list(pools), inherited or {}, read)
        return self._changing.run(Deferred.fromCoroutine, change)

    async def _reconfigure(
        self, pools: Sequence[PoolConfig], inherited: Mapping[str, Inherited], read: Read
    ) -> Changes:
        checkPools(pools)
        fresh = readCredentials(pools, read)
        present = {name: pool.credentials for name, pool in self.pools.items()}
        changes = difference(self.configs, pools, renewals(present, fresh))
        added = {
            each.name: self._make(each, fresh[each.name], inherited.get(each.name))
            for each in changes.added
        }
        moved = {
            each.name: self.pools[each.name].listeningBy(
                each, fresh[each.name], inherited.get(each.name)
            )
            for each in _moving(pools, changes, inherited)
        }
        names = [*moved, *(each.name for each in changes.removed)]
        gone = [self.pools[name].listening for name in names]
        if self.running:
            await bindAll([*moved.values(), *(pool.listening for pool in added.values())], gone)
        self._replace(pools, changes, fresh, added, moved)
        # The next change may want their addresses.
        for each in gone:
            await each.close()
        return changes

    def _replace(
        self,
        pools: Sequence[PoolConfig],
        changes: Changes,
        credentials: Mapping[str, Credentials],
        added: Mapping[str, PoolService],
        moved: Mapping[str, ListeningService],
    ) -> None:
        known = {**self.pools, **added}
        removed = [self.pools[each.name] for each in changes.removed]
        self.pools = {each.name: known[each.name] for each in pools}
        different = {each.new.name for each in changes.changed} | moved.keys()
        for each in [each for each in pools if each.name in different]:
            follow = self.pools[each.name].follow
            self._departures.add(follow(each, credentials[each.name], moved.get(each.name)))
        for name, pool in self.pools.items():
            pool.renew(credentials[name])
        self._backUp()
        # One that speaks another protocol leaves its name to its successor.
        for pool in removed:
            self._departures.add(Deferred.fromCoroutine(self._remove(pool)))
        for pool in added.values():
            pool.setServiceParent(self)

    async def _remove(self, pool: PoolService) -> None:
        self._leaving.add(pool)
        try:
            await pool.leave()
        finally:
            self._leaving.discard(pool)
            pool.backUp(None)

    @classmethod
    def fromFile(cls, path: str, reactor: Any) -> ProxyService:
        """
        The pools of a configuration file.

        @raise nuttwist.config.file.ConfigError: the file is wrong, with every mistake in it.
        """
        return cls(loadConfig(path), reactor)

    def document(self) -> bytes:
        """
        The counters as twemproxy's JSON.
        """
        return self._statistics.document(pool.figures() for pool in self.pools.values())


def _moving(
    pools: Sequence[PoolConfig], changes: Changes, inherited: Collection[str]
) -> list[PoolConfig]:
    """
    The pools that stay, but listen elsewhere. What another process has bound may be another
    socket for the same address.
    """
    moving = {each.new.name for each in changes.changed if each.moves()}
    moving |= set(inherited) - {each.name for each in changes.added}
    return [each for each in pools if each.name in moving]
