"""
The program of a worker: a proxy that accepts from inherited listeners and answers to its parent.

It ends when it is told to, at SIGTERM, and when the parent is gone.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import (
    ILogObserver,
    LogEvent,
    Logger,
    formatEvent,
    globalLogBeginner,
    globalLogPublisher,
)
from twisted.python.failure import Failure

from nuttwist.logs.events import COUNTING_FAILED, MESSAGE_FAILED
from nuttwist.logs.jsonlog import fieldsOf
from nuttwist.logs.levels import logFilter
from nuttwist.logs.process import limitLog
from nuttwist.reactors import processReactor
from nuttwist.ring.ledger import Back, Out
from nuttwist.sampling import Sampling
from nuttwist.service import ProxyService
from nuttwist.workers.channel import Channel, ChannelFactory
from nuttwist.workers.configs import decodePool, readIn
from nuttwist.workers.inheritance import Inheritance
from nuttwist.workers.messages import (
    Ask,
    Change,
    Changed,
    Ejected,
    Logged,
    Message,
    Readmitted,
    Ready,
    Start,
    Stop,
    Told,
    Verbose,
)
from nuttwist.workers.observing import ChildView
from nuttwist.workers.worker import CHANNEL

_log = Logger(namespace="nuttwist.workers")


class Child:
    """
    A worker, as far as it is more than a proxy.

    @ivar channel: to the parent.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._proxy: ProxyService | None = None
        self._view: ChildView | None = None
        self._closed: Deferred[None] = Deferred()
        self._ending = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            Start: self._start,
            Change: self._change,
            Stop: lambda _: self._end(),
            Verbose: lambda verbose: self._setVerbosity(verbose.verbosity),
            Ask: self._tell,
            Ejected: lambda told: self._learn(told, Out(told.seconds, told.why, told.byHand)),
            Readmitted: lambda told: self._learn(told, Back(told.byHand)),
        }
        self.channel = Channel(self.received, self._orphaned)
        reactor.addSystemEventTrigger("before", "shutdown", self._finish)

    def received(self, message: Message) -> None:
        """
        Do what the parent says, or else end: the next worker begins with what holds by then.
        """
        try:
            self._handlers[type(message)](message)
        except Exception:  # noqa: BLE001  the log has it, and still gets to the parent
            self._failed(message, Failure())

    def _failed(self, message: Message, why: Failure) -> None:
        MESSAGE_FAILED.failed(_log, why, order=type(message).__name__)
        self._end()

    def _start(self, start: Start) -> None:
        self._beginLog(start.verbose)
        self._inheritance = Inheritance(start.number, start.workers, self._clients)
        pools = [decodePool(each) for each in start.pools]
        names = [each.name for each in pools]
        inherited = self._inheritance.take(names, start.tally, start.listeners)
        sampling = Sampling(bytes.fromhex(start.secret)) if start.secret else None
        proxy = ProxyService(
            pools,
            self._reactor,
            None,
            start.readSize,
            inherited,
            sampling,
            readIn(start.files),
        )
        proxy.setVerbosity(start.verbose)
        self._view = None if sampling is None else ChildView(proxy, self._reactor)
        self._proxy = proxy
        self._listen()
        proxy.startService()
        for out in start.out:
            self.received(out)
        self.channel.send(Ready())

    def _listen(self) -> None:
        assert self._proxy is not None
        for name, pool in self._proxy.pools.items():
            pool.distributor.standing.tell = partial(self._changed, name)

    def _clients(self, name: str) -> int:
        pool = None if self._proxy is None else self._proxy.pools.get(name)
        return 0 if pool is None else pool.distributor.counters.client_connections

    def _change(self, change: Change) -> None:
        changed = Deferred.fromCoroutine(self._changeTo(change))
        changed.addErrback(lambda why: self._failed(change, why))

    async def _changeTo(self, change: Change) -> None:
        assert self._proxy is not None
        pools = [decodePool(each) for each in change.pools]
        tally, *listeners = self.channel.taken(1 + len(change.listeners))
        inherited = self._inheritance.take(
            [each.name for each in pools],
            tally,
            dict(zip(change.listeners, listeners, strict=True)),
        )
        await self._proxy.reconfigure(pools, inherited, readIn(change.files))
        self._inheritance.drop()
        self._listen()
        self.channel.send(Changed())

    def _beginLog(self, verbose: int) -> None:
        globalLogBeginner.beginLoggingTo([cast(ILogObserver, self._report)])
        limitLog(globalLogPublisher, logFilter(verbose))

    def _setVerbosity(self, verbosity: int) -> None:
        limitLog(globalLogPublisher, logFilter(verbosity))
        if self._proxy is not None:
            self._proxy.setVerbosity(verbosity)

    def _report(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        self.channel.send(
            Logged(
                event["log_level"].name,
                formatEvent(event),
                event.get("log_namespace") or "",
                event.get("event"),
                fieldsOf(event),
                "" if failure is None else failure.getTraceback(),
            )
        )

    def _changed(self, pool: str, server: str, news: Out | Back) -> None:
        kind = Ejected if isinstance(news, Out) else Readmitted
        self.channel.send(kind(pool, server, **attrs.asdict(news)))

    def _learn(self, told: Ejected | Readmitted, news: Out | Back) -> None:
        assert self._proxy is not None
        # There may be no such pool in what this worker has read.
        if told.pool in self._proxy.pools:
            self._proxy.pools[told.pool].distributor.learn(told.server, news)

    def _tell(self, ask: Ask) -> None:
        # The clients of this worker are not to suffer from what only counts.
        try:
            self._count(ask)
        except Exception:  # noqa: BLE001  the log has it
            COUNTING_FAILED.failed(_log, what="telling the counters")

    def _count(self, ask: Ask) -> None:
        if self._proxy is not None:
            pools = [pool.figures() for pool in self._proxy.pools.values()]
            view = self._view
            seen = [] if view is None or not ask.look else view.seen()
            samples = [] if view is None or not ask.tap else view.samples()
            self.channel.send(Told(ask.number, pools, seen, samples))

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            self._reactor.callLater(0, self._reactor.stop)

    def _orphaned(self) -> None:
        self._closed.callback(None)
        if self._proxy is not None:
            # The next proxy may be waiting for the ports: nothing is drained for it.
            self._proxy.abort()
        self._end()

    async def _finishing(self) -> None:
        if self._proxy is not None:
            await self._proxy.stopService()
        if not self._closed.called and self.channel.transport is not None:
            self._tell(Ask(0, look=True))
            self.channel.transport.loseConnection()
            await self._closed

    def _finish(self) -> Deferred[None]:
        self._ending = True
        return Deferred.fromCoroutine(self._finishing())


def main(reactorModule: str) -> None:
    """
    Be a worker until told to end.

    @param reactorModule: the module of the parent's reactor.
    """
    importlib.import_module(reactorModule).install()
    reactor = processReactor()
    child = Child(reactor)
    reactor.adoptStreamConnection(CHANNEL, socket.AF_UNIX, ChannelFactory(child.channel))
    reactor.run()
