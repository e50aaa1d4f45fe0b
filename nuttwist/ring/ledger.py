# -*- test-case-name: tests.unit.ring.test_ledger -*-
"""
Who is live: failures counted, servers ejected and let back in. Arithmetic only.

The rules are twemproxy's. A server that fails C{limit} times in a row is out for C{retryAfter}
seconds. A server that recovers sooner stays out until its time is over.

Two rules differ. A server whose time is over is B{due}, and stays out until it is let in: whoever
owns the ledger can put it to the test first, where twemproxy's test is the next requests. And B{a
server that is out cannot fail}: what still goes wrong on its connections was begun before the
ejection, so it neither prolongs the time out, nor counts as a second ejection, nor is held against
the server when it returns.
"""

from __future__ import annotations

import attrs

__all__ = ["EjectionLedger"]


def _atLeastOne(limit: int) -> int:
    return max(limit, 1)


@attrs.define
class EjectionLedger:
    """
    The failures and ejections of one pool, whose servers are numbered from 0.

    Moments are seconds of any clock, as long as it is always the same one.

    @ivar servers: how many servers there are.
    @ivar limit: the failures in a row that eject a server; 0 does what 1 does.
    @ivar retryAfter: how long an ejected server stays out, in seconds.
    """

    servers: int
    limit: int = attrs.field(converter=_atLeastOne)
    retryAfter: float
    _failures: list[int] = attrs.field(init=False)
    _outUntil: dict[int, float] = attrs.field(init=False, factory=dict)

    @_failures.default
    def _noFailures(self) -> list[int]:
        return [0] * self.servers

    def failed(self, server: int, now: float) -> bool:
        """
        Count a failure of a server; one of a server that is out already is not counted.

        @return: whether this failure ejects the server.
        """
        if server in self._outUntil:
            return False
        self._failures[server] += 1
        if self._failures[server] < self.limit:
            return False
        self.eject(server, now + self.retryAfter)
        return True

    def succeeded(self, server: int) -> None:
        """Forget the failures of a server, which has just answered; it does not return early."""
        self._failures[server] = 0

    def eject(self, server: int, until: float) -> None:
        """Take a server out until the given moment, whatever its failures; they are forgotten."""
        self._failures[server] = 0
        self._outUntil[server] = until

    def due(self, now: float) -> list[int]:
        """
        The servers whose time out is over, to the moment itself, in ascending order.
        """
        return sorted(server for server, until in self._outUntil.items() if until <= now)

    def readmit(self, server: int) -> None:
        """
        Let a server in again, with a clean sheet.
        """
        self._outUntil.pop(server, None)
        self._failures[server] = 0

    def nextDeadline(self) -> float | None:
        """The moment at which L{due} has something to say next, or L{None} if nobody is out."""
        return min(self._outUntil.values(), default=None)

    def live(self) -> list[int]:
        """The servers that are not out, in ascending order."""
        return [server for server in range(self.servers) if server not in self._outUntil]

    def isLive(self, server: int) -> bool:
        """Whether a server is not out."""
        return server not in self._outUntil

    def failures(self, server: int) -> int:
        """The failures of a server since it last answered, was ejected or was let back in."""
        return self._failures[server]
