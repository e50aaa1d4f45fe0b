"""
Who of a pool's servers is out, and why: over failures, by hand, or because another process says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from nuttwist.distributor.revival import Revival
from nuttwist.logs.events import SERVER_BACK, SERVER_EJECTED
from nuttwist.net.deadline import Clock
from nuttwist.net.probe import Probe
from nuttwist.ring.ledger import Back, EjectionLedger, Out

_log = Logger(namespace="nuttwist.standing")

#: Why a server is out that a person has ejected.
BY_HAND = "ejected by hand"


class Pool(Protocol):
    """
    The pool whose servers they are.
    """

    def probe(self, done: Callable[[bool], None]) -> Probe:
        """
        Make ready to ask a server whether it is well.

        @param done: called once with the answer.
        """

    def ask(self, server: str, probe: Probe) -> None:
        """
        Connect the probe to the server.
        """

    def changed(self) -> None:
        """
        A server went or came.
        """


class Standing:
    """
    The ledger of one pool, and everything that changes it.

    @ivar whys: why each server is out that is, by its name.
    @ivar since: when each of these went out, in seconds since 1970.
    @ivar tell: told of each server that was ejected or let in here.
    """

    def __init__(self, name: str, pool: Pool, ledger: EjectionLedger, clock: Clock) -> None:
        """
        @param name: of the pool.
        """
        self._name = name
        self.whys: dict[str, str] = {}
        self.since: dict[str, float] = {}
        self.tell: Callable[[str, Out | Back], None] = lambda *_: None
        self._pool = pool
        self._ledger = ledger
        self._seconds = clock.seconds
        self._revival = Revival(name, pool, self, ledger, clock)

    def start(self) -> None:
        """
        Ask the servers that are out; those whose time has passed meanwhile at once.
        """
        self._revival.start()

    def stop(self) -> list[Deferred[None]]:
        """
        Ask nobody any more.

        @return: they fire when no socket is left.
        """
        return self._revival.stop()

    def change(self, limit: int, retryAfter: float, retryMost: float) -> None:
        """
        Go by other terms; see L{EjectionLedger.change}.
        """
        self._ledger.change(limit, retryAfter, retryMost, self._seconds())
        self._revival.schedule()

    def failed(self, server: str, why: str) -> bool:
        """
        Count a failure, and eject the server when there were enough in a row.

        @param why: in a few words.
        @return: whether it is ejected over this.
        """
        if not self._ledger.failed(server, self._seconds()):
            return False
        self._out(server, Out(self._ledger.retryAfter, why), known=False)
        return True

    def eject(self, server: str, outFor: float | None = None) -> None:
        """
        Take a server out by hand. It gets no new requests, and answers those that it has.

        @param outFor: seconds until it is asked whether it is well, as one that has failed;
            L{None}: it stays out until it is let in by hand.
        """
        news = Out(outFor, BY_HAND, byHand=True)
        self._enter(server, news)
        self._out(server, news, known=False)

    def readmit(self, server: str) -> None:
        """
        Let a server in by hand, whatever put it out, without asking it.
        """
        if not self._ledger.isLive(server):
            self._back(server, Back(byHand=True), known=False)

    def learn(self, server: str, news: Out | Back) -> None:
        """
        Another process has ejected a server or let it in: so it is here too. What a person has
        ejected stays out until a person lets it in.
        """
        if isinstance(news, Back):
            if news.byHand or not self._ledger.isByHand(server):
                self._back(server, news, known=True)
        elif news.byHand or self._ledger.isLive(server):
            self._enter(server, news)
            self._out(server, news, known=True)

    def revived(self, server: str) -> None:
        """
        It was asked, and is well.
        """
        self._back(server, Back(), known=False)

    def forget(self, server: str) -> None:
        """
        It does not belong to the pool any more.
        """
        self._ledger.readmit(server)
        self.whys.pop(server, None)
        self.since.pop(server, None)
        self._revival.withdraw(server)

    def _enter(self, server: str, news: Out) -> None:
        until = None if news.seconds is None else self._seconds() + news.seconds
        self._ledger.eject(server, until, byHand=news.byHand)

    def _out(self, server: str, news: Out, *, known: bool) -> None:
        SERVER_EJECTED(
            _log,
            pool=self._name,
            server=server,
            term="until it is let in" if news.seconds is None else f"for {news.seconds} s",
            reason=news.why,
            seconds=news.seconds,
            by_hand=news.byHand,
        )
        self.whys[server] = news.why
        self.since[server] = time.time()
        self._revival.withdraw(server)
        self._pool.changed()
        if not known:
            self.tell(server, news)

    def _back(self, server: str, news: Back, *, known: bool) -> None:
        self.forget(server)
        self._pool.changed()
        SERVER_BACK(_log, pool=self._name, server=server, by_hand=news.byHand)
        if not known:
            self.tell(server, news)
