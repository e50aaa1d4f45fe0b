"""
The service that has the listeners and the workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from nuttwist.config import Listen, PoolConfig
from nuttwist.listening import ListeningService
from nuttwist.statistics import PoolFigures, Statistics
from nuttwist.telling import TellingService
from nuttwist.workers.backoff import Backoff
from nuttwist.workers.configs import encodePools, share
from nuttwist.workers.merging import merge, past
from nuttwist.workers.messages import Ejected, Message, Readmitted, Start
from nuttwist.workers.outs import Outs
from nuttwist.workers.report import asLine, ofWorker, sums
from nuttwist.workers.tally import OwnTally
from nuttwist.workers.worker import Worker, describe

_log = Logger(namespace="nuttwist.workers")

#: Seconds that workers have to end by themselves.
PATIENCE = 1.0


class Workers(ServerFactory):
    """
    Says in the log who listens; the parent accepts nobody.
    """

    noisy = False


class HeldListening(ListeningService):
    """
    A listener that others accept from.
    """

    def _bind(self) -> None:
        super()._bind()
        port: Any = self.port
        port.stopReading()

    def descriptor(self) -> int:
        """
        The file descriptor of the socket.
        """
        port: Any = self.port
        return int(port.fileno())


@attrs.define(eq=False)
class Place:
    """
    Where one worker after the other works.

    @ivar starts: how many there were.
    @ivar worker: the one of now; L{None} while the next is waited for.
    @ivar next: the start of the next.
    """

    number: int
    starts: int = 0
    worker: Worker | None = None
    next: IDelayedCall | None = None
    backoff: Backoff = attrs.Factory(Backoff)


class WorkersService(MultiService):
    """
    Pools that several processes serve.

    @ivar places: of the workers.
    @ivar listeners: of the pools, by their names.
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
    ) -> None:
        """
        @param reactor: with descriptors, processes and time.
        @param workers: how many.
        @param statsAddress: host and port of the sums.
        @param workersStatsPort: on the same host, for the counters of each worker.
        @param readSize: bytes read from a socket at a time.
        @param verbose: what workers log, from 0 to 11.
        """
        MultiService.__init__(self)
        self._pools = pools
        self._reactor = reactor
        self._readSize = readSize
        self._verbose = verbose
        self._statistics = Statistics()
        self._outs = Outs()
        self._tally: OwnTally | None = None
        self._past: list[PoolFigures] = []
        self._whenEmpty: list[Deferred[None]] = []
        self.places = [Place(number) for number in range(workers)]
        self.listeners = {each.name: self._held(each) for each in pools}
        host, port = statsAddress
        self._telling(host, port, self.document)
        if workersStatsPort:
            self._telling(host, workersStatsPort, self.workersDocument)

    def _held(self, pool: PoolConfig) -> HeldListening:
        listener = HeldListening(pool.listen, Workers(), self._reactor, pool.backlog)
        listener.setServiceParent(self)
        return listener

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
        self._tally = OwnTally(len(self._pools), len(self.places))
        for place in self.places:
            self._start(place)

    def stopService(self) -> Deferred[Any]:
        """
        Have all workers end, then close the ports.

        @return: fires when no process and no socket is left.
        """
        self.running = 0
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for place in self.places:
            if place.next is not None:
                place.next.cancel()
                place.next = None
        working = [place.worker for place in self.places if place.worker is not None]
        for worker in working:
            worker.stop()
        if working:
            await self._untilEmpty()
        if self._tally is not None:
            self._tally.close()
            self._tally = None
        await MultiService.stopService(self)

    async def _untilEmpty(self) -> None:
        empty: Deferred[None] = Deferred()
        self._whenEmpty.append(empty)
        impatience = self._reactor.callLater(PATIENCE, self._kill)
        await empty
        if impatience.active():
            impatience.cancel()

    def _kill(self) -> None:
        for place in self.places:
            if place.worker is not None:
                place.worker.kill()

    # -- the workers

    def _start(self, place: Place) -> None:
        place.next = None
        place.starts += 1
        place.backoff.started(self._reactor.seconds())
        place.worker = Worker(place.number, self._reactor, self)
        place.worker.start(self._task(place))

    def _task(self, place: Place) -> Start:
        pools = [
            attrs.evolve(
                each,
                client_connections=share(each.client_connections, len(self.places), place.number),
            )
            for each in self._pools
        ]
        out = [attrs.asdict(each) for each in self._outs.now(self._reactor.seconds())]
        assert self._tally is not None
        return Start(
            encodePools(pools),
            {name: each.descriptor() for name, each in self.listeners.items()},
            self._tally.descriptor,
            place.number,
            len(self.places),
            self._readSize,
            self._verbose,
            out,
        )

    def heard(self, worker: Worker | None, message: Message) -> None:
        """
        Tell the others who is out and who is back, unless they know.

        @param worker: who said it; L{None}: it begins here.
        """
        if isinstance(message, Ejected):
            news = self._outs.ejected(message, self._reactor.seconds())
        else:
            news = isinstance(message, Readmitted) and self._outs.readmitted(message)
        if news:
            for place in self.places:
                if place.worker not in (None, worker):
                    place.worker.send(message)

    def ended(self, worker: Worker, reason: Failure) -> None:
        """
        Have another worker in the place of one that has ended.
        """
        place = self.places[worker.number]
        place.worker = None
        if self._tally is not None:
            self._tally.leave(place.number)
        self._past = list(merge([*self._past, *map(past, worker.figures)]).values())
        if self.running:
            wait = place.backoff.ended(self._reactor.seconds())
            place.next = self._reactor.callLater(wait, self._start, place)
            _log.warn(
                "worker {number} (pid {pid}) has ended: {reason}; another starts in {wait} s",
                number=worker.number,
                pid=worker.pid,
                reason=describe(reason),
                wait=wait,
            )
        elif all(each.worker is None for each in self.places):
            waiting, self._whenEmpty = self._whenEmpty, []
            for each in waiting:
                each.callback(None)

    # -- the counters

    async def _gather(self) -> list[tuple[Worker, Place]]:
        working = [(each.worker, each) for each in self.places if each.worker is not None]
        await gatherResults([worker.ask() for worker, _ in working])
        return working

    async def _sums(self) -> bytes:
        await self._gather()
        # Those of now: who has ended while the others answered is among the past.
        workers = [each.worker for each in self.places if each.worker is not None]
        figures = [figures for worker in workers for figures in worker.figures]
        return sums(self._statistics, self._pools, [*self._past, *figures], self._outs.ejections)

    def document(self) -> Deferred[bytes]:
        """
        The counters of all workers together, as twemproxy's JSON.
        """
        return Deferred.fromCoroutine(self._sums())

    async def _each(self) -> bytes:
        working = await self._gather()
        workers = [ofWorker(worker, place.starts) for worker, place in working]
        return asLine({"source": self._statistics.source, "workers": workers})

    def workersDocument(self) -> Deferred[bytes]:
        """
        The counters of each worker, as a JSON document.
        """
        return Deferred.fromCoroutine(self._each())
