"""
What the HTTP side asks of the proxy, whether that is in this process or in several workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred

from nuttwist.config import PoolConfig
from nuttwist.observed import Observed
from nuttwist.statistics import PoolFigures

Drop = Callable[[], None]


@attrs.frozen
class PoolLook:
    """
    A pool at one moment.

    @ivar draining: it takes no new clients, and ends.
    """

    config: PoolConfig
    figures: PoolFigures
    seen: Observed
    draining: bool = False

    def live(self) -> int:
        """
        How many servers are live.
        """
        return sum(each.state == "live" for each in self.seen.standings.values())


@attrs.frozen
class Look:
    """
    The proxy at one moment.

    @ivar time: of it, in seconds since 1970.
    @ivar workers: number, pid, whether it is ready, and starts of each; empty with one process.
    """

    pools: Sequence[PoolLook]
    workers: Sequence[dict[str, Any]] = ()
    time: float = attrs.field(factory=time.time)

    def pool(self, name: str) -> PoolLook | None:
        """
        The pool of a name.
        """
        return next((each for each in self.pools if each.config.name == name), None)


class Unsteerable(Exception):
    """
    What was asked for cannot be done; the argument says why.
    """


class Source(Protocol):
    """
    The proxy.

    @ivar started: when, in seconds since 1970.
    """

    started: float

    def look(self, *, deep: bool) -> Deferred[Look]:
        """
        The proxy at this moment.

        @param deep: with all that was seen, not only what changes from second to second.
        """

    def steer(self, pool: str, server: str, action: str) -> None:
        """
        Take a server out or let it in, by hand.

        @param action: C{"eject"}, C{"drain"} or C{"readmit"}.
        @raise Unsteerable: that cannot be done.
        """

    def tap(self, tell: Callable[[dict[str, Any]], None]) -> Drop:
        """
        Tell of each sample of the pools from now on, as the fields of the JSON.

        @return: ends it.
        """
