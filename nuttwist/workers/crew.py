"""
The service that has the listeners and the workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError

from nuttwist.changes import Changes, difference, lasting
from nuttwist.config import Listen, PoolConfig
from nuttwist.config.credentials import readCredentials, renewals
from nuttwist.config.pools import checkPools
from nuttwist.listening.telling import TellingService
from nuttwist.net.frontend import GRACE
from nuttwist.sampling import Sampling
from nuttwist.workers.configs import encodeFiles, encodePools, partOf
from nuttwist.workers.counting import Counting
from nuttwist.workers.holdings import HeldListening, Holdings
from nuttwist.workers.messages import Change, Ejected, Message, Readmitted, Start, Verbose
from nuttwist.workers.outs import Outs, isKnown
from nuttwist.workers.place import Place
from nuttwist.workers.staff import Staff
from nuttwist.workers.tally import OwnTally
from nuttwist.workers.worker import Worker

#: Seconds that workers have to end by themselves once they have drained.
PATIENCE = 1.0


class WorkersService(MultiService):
    """
    Pools that several processes serve.

    @ivar places: of the workers.
    @ivar pools: their configurations.
    @ivar counting: what the workers tell.
    """

    def __init__(
        self,
        pools: Sequence[PoolConfig],
        reactor: Any,
        workers: int,
        statsAddress: tuple[str, int],
        workersStatsPort: int | None = None,
        readSize: int = 65536,
        verbose: int = 5,
        sampling: Sampling | None = None,
    ) -> None:
        """
        @param reactor: with descriptors, processes and time.
        @param workers: how many.
        @param statsAddress: host and port of the sums.
        @param workersStatsPort: on the same host, for the counters of each worker.
        @param readSize: bytes read from a socket at a time.
        @param verbose: what workers log, from 0 to 11.
        @param sampling: how requests are looked at; L{None}: not at all.
        @raise nuttwist.config.SettingError: a certificate cannot be used.
        """
        MultiService.__init__(self)
        self.pools = pools
        self._credentials = readCredentials(pools)
        self._reactor = reactor
        self._readSize = readSize
        self._verbose = verbose
        self._secret = "" if sampling is None else sampling.secret.hex()
        self._outs = Outs()
        self._tally: OwnTally | None = None
        self.places = [Place(number) for number in range(workers)]
        self.counting = Counting(self.places, self._outs)
        self._staff = Staff(self.places, reactor, self._task, self.heard, self._left)
        self._changing = DeferredLock()
        self._holdings = Holdings(pools, reactor)
        self._holdings.setServiceParent(self)
        host, port = statsAddress
        self._telling(host, port, self.document)
        if workersStatsPort:
            self._telling(host, workersStatsPort, self.counting.workersDocument)

    @property
    def listeners(self) -> dict[str, HeldListening]:
        """
        Of the pools, by their names.
        """
        return self._holdings.listeners

    def _telling(self, host: str, port: int, document: Callable[[], Deferred[bytes]]) -> None:
        TellingService(Listen(host, port), document, self._reactor).setServiceParent(self)

    # -- the service

    def privilegedStartService(self) -> None:
        """
        Bind every port, or none.

        @raise CannotListenError: an address is taken or is not to be had.
        """
        try:
            MultiService.privilegedStartService(self)
        except CannotListenError:
            MultiService.stopService(self)
            raise

    def startService(self) -> None:
        """
        Bind every port that is not bound yet, and only then start the workers.

        @raise CannotListenError: as L{privilegedStartService}.
        """
        self.privilegedStartService()
        MultiService.startService(self)
        self._tally = OwnTally(len(self.pools), len(self.places))
        self._staff.start()

    def stopService(self) -> Deferred[Any]:
        """
        Have all workers end, then close the ports.

        @return: fires when no process and no socket is left.
        """
        self.running = 0
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._staff.stop()
        await self._changing.run(Deferred.fromCoroutine, self._close())

    async def _close(self) -> None:
        # Who comes now would wait for nobody.
        await maybeDeferred(self._holdings.stopService)
        draining = max((each.drain_timeout for each in self.pools), default=0) / 1000
        await self._staff.untilNone(draining + GRACE + PATIENCE)
        if self._tally is not None:
            self._tally.close()
            self._tally = None
        await maybeDeferred(MultiService.stopService, self)

    def abort(self) -> None:
        """
        Have all workers end at once, whatever their clients are owed.
        """
        self._staff.kill()

    def setVerbosity(self, verbosity: int) -> None:
        """
        Have the workers log more or less from now on.

        @param verbosity: from 0 to 11.
        """
        self._verbose = verbosity
        self._staff.tell(Verbose(verbosity))

    def document(self) -> Deferred[bytes]:
        """
        The counters of all workers together, as twemproxy's JSON.
        """
        return self.counting.document(self.pools)

    # -- other pools

    def reconfigure(self, pools: Sequence[PoolConfig]) -> Deferred[Changes]:
        """
        Have all workers serve these pools from now on, as
        L{nuttwist.service.ProxyService.reconfigure} does; none of them is started again for it.

        @return: fires with what was changed when they do, or fails as that does.
        """
        return self._changing.run(Deferred.fromCoroutine, self._reconfigure(list(pools)))

    async def _reconfigure(self, pools: Sequence[PoolConfig]) -> Changes:
        checkPools(pools)
        credentials = readCredentials(pools)
        changes = difference(self.pools, pools, renewals(self._credentials, credentials))
        if changes:
            fresh, gone = await self._replace(pools, changes)
            self._outs.keep({each.name for each in pools}, lasting(self.pools, pools))
            self.counting.follow(pools, [each.name for each in changes.removed])
            self.pools = pools
            self._credentials = credentials
            await self._tellAll(fresh)
            await self._holdings.close(gone)
        return changes

    async def _replace(
        self, pools: Sequence[PoolConfig], changes: Changes
    ) -> tuple[list[str], list[HeldListening]]:
        before = self._holdings.ports()
        try:
            return await self._holdings.replace(pools, changes)
        except CannotListenError:
            # Those that made room in vain are back, but as other sockets.
            after = self._holdings.ports()
            back = [name for name in after if after[name] is not before[name]]
            if back:
                await self._tellAll(back)
            raise

    async def _tellAll(self, fresh: Sequence[str]) -> None:
        if self._tally is None:
            return
        old, self._tally = self._tally, OwnTally(len(self.pools), len(self.places))
        listeners = self._holdings.descriptors(fresh)
        descriptors = [self._tally.descriptor, *listeners.values()]
        told = [
            worker.change(
                Change(self._sharesOf(worker.number), list(listeners), self._files()), descriptors
            )
            for worker in self._staff.working()
        ]
        await gatherResults(told)
        old.close()

    # -- the workers

    def _sharesOf(self, number: int) -> list[dict[str, Any]]:
        return encodePools(partOf(each, len(self.places), number) for each in self.pools)

    def _files(self) -> dict[str, str]:
        return encodeFiles(self._credentials.values())

    def _task(self, place: Place) -> Start:
        assert self._tally is not None
        return Start(
            self._sharesOf(place.number),
            self._holdings.descriptors(self.listeners),
            self._tally.descriptor,
            place.number,
            len(self.places),
            self._readSize,
            self._verbose,
            self._outs.now(self._reactor.seconds()),
            self._files(),
            self._secret,
        )

    def heard(self, worker: Worker | None, message: Message) -> None:
        """
        Tell the others who is out and who is back, unless they know.

        @param worker: who said it; L{None}: it begins here.
        """
        if not isinstance(message, Ejected | Readmitted) or not isKnown(message, self.pools):
            news = False
        elif isinstance(message, Ejected):
            news = self._outs.ejected(message, self._reactor.seconds())
        else:
            news = self._outs.readmitted(message)
        if news:
            self._staff.tell(message, worker)

    def _left(self, worker: Worker) -> None:
        if self._tally is not None:
            self._tally.leave(worker.number)
        self.counting.ended(worker)
