# -*- test-case-name: tests.unit.ring.test_ledger -*-
"""
Who is live: failures counted, servers ejected and let back in. Arithmetic only.

The rules are twemproxy's. A server that fails C{limit} times in a row is out for C{retryAfter}
seconds. A server that recovers sooner stays out until its time is over.

Four rules differ. A server whose time is over is B{due}, and stays out until it is let in: whoever
owns the ledger can put it to the test first, where twemproxy's test is the next requests. B{A test
that is failed} doubles the time out, up to C{retryMost}, and a random part of a tenth at most is
taken off, so that not everybody asks a server at the same moment. B{A server that is out cannot
fail}: what still goes wrong on its connections was begun before the ejection, so it neither
prolongs the time out, nor counts as a second ejection, nor is held against the server when it
returns. And B{what a person has ejected}, failures do not change.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

__all__ = ["JITTER", "Back", "EjectionLedger", "Out"]

#: The part of a repeated time out that chance may take off.
JITTER = 0.1


@attrs.frozen
class Out:
    """
    How a server comes to be out.

    @ivar seconds: from now until it is asked whether it is well; L{None}: it is not asked.
    @ivar why: in a few words, for clients and for the log.
    @ivar byHand: a person has ejected it, and not its failures.
    """

    seconds: float | None
    why: str
    byHand: bool = False


@attrs.frozen
class Back:
    """
    How a server comes to be back.

    @ivar byHand: a person has let it in, and it was not asked.
    """

    byHand: bool = False


@attrs.define
class _Absence:
    until: float | None
    term: float
    byHand: bool


def _atLeastOne(limit: int) -> int:
    return max(limit, 1)


@attrs.define
class EjectionLedger:
    """
    The failures and ejections of one pool, whose servers are known by their names. It knows of a
    server only what there is to say against it.

    Moments are seconds of any clock, as long as it is always the same one.

    @ivar limit: the failures in a row that eject a server; 0 does what 1 does.
    @ivar retryAfter: how long an ejected server stays out at first, in seconds.
    @ivar retryMost: how long it stays out at most before it is tested again; never less than
        C{retryAfter}.
    @ivar random: where chance comes from: numbers from 0 up to 1.
    """

    limit: int = attrs.field(converter=_atLeastOne)
    retryAfter: float
    retryMost: float
    random: Callable[[], float] = random.random
    _failures: dict[str, int] = attrs.field(init=False, factory=dict)
    _absences: dict[str, _Absence] = attrs.field(init=False, factory=dict)

    def change(self, limit: int, retryAfter: float, retryMost: float, now: float) -> None:
        """
        Go by other terms. With shorter times a server that is out is due no later than that long
        from now on; one that a person has ejected keeps its time.
        """
        most = retryAfter if retryAfter < self.retryAfter else max(retryAfter, retryMost)
        self.limit, self.retryAfter, self.retryMost = limit, retryAfter, retryMost
        for each in self._absences.values():
            if not each.byHand:
                each.term = min(each.term, most)
                each.until = None if each.until is None else min(each.until, now + most)

    def failed(self, server: str, now: float) -> bool:
        """
        Count a failure of a server; one of a server that is out already is not counted.

        @return: whether this failure ejects the server.
        """
        if server in self._absences:
            return False
        failures = self._failures[server] = self.failures(server) + 1
        if failures < self.limit:
            return False
        self.eject(server, now + self.retryAfter)
        return True

    def succeeded(self, server: str) -> None:
        """Forget the failures of a server, which has just answered; it does not return early."""
        if self._failures:
            self._failures.pop(server, None)

    def eject(self, server: str, until: float | None, *, byHand: bool = False) -> None:
        """
        Take a server out until the given moment, whatever its failures; they are forgotten.

        @param until: L{None}: until it is let in by L{readmit}.
        @param byHand: a person says so; then it holds against every ejection that none has said.
        """
        if byHand or not self.isByHand(server):
            self._failures.pop(server, None)
            self._absences[server] = _Absence(until, self.retryAfter, byHand)

    def due(self, now: float) -> list[str]:
        """
        The servers whose time out is over, to the moment itself, in the order of their times.
        """
        times = [
            (each.until, server)
            for server, each in self._absences.items()
            if each.until is not None and each.until <= now
        ]
        return [server for _, server in sorted(times)]

    def asked(self, server: str) -> None:
        """A server that is due is being tested: it is not due again before L{postpone}."""
        absence = self._absences[server]
        absence.until, absence.byHand = None, False

    def postpone(self, server: str, now: float) -> float:
        """
        A server has failed its test: it stays out for twice the last time.

        @return: for how long, in seconds.
        """
        absence = self._absences[server]
        absence.term = min(2 * absence.term, max(self.retryMost, self.retryAfter))
        seconds = absence.term * (1 - JITTER * self.random())
        absence.until = now + seconds
        return seconds

    def readmit(self, server: str) -> None:
        """
        Let a server in again, with a clean sheet; one that is gone for good is forgotten so.
        """
        self._absences.pop(server, None)
        self._failures.pop(server, None)

    def nextDeadline(self) -> float | None:
        """The moment at which L{due} has something to say next, or L{None} if there is none."""
        moments = [each.until for each in self._absences.values() if each.until is not None]
        return min(moments, default=None)

    def isLive(self, server: str) -> bool:
        """Whether a server is not out."""
        return server not in self._absences

    def isByHand(self, server: str) -> bool:
        """Whether a server is out because a person has ejected it."""
        absence = self._absences.get(server)
        return absence is not None and absence.byHand

    def until(self, server: str) -> float | None:
        """When a server is to be tested; L{None} for one that is live, tested, or out for good."""
        absence = self._absences.get(server)
        return None if absence is None else absence.until

    def failures(self, server: str) -> int:
        """The failures of a server since it last answered, was ejected or was let back in."""
        return self._failures.get(server, 0)
