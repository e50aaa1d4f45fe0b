"""
Requests that are repeated when their connection fails.

Rules of this module. What was written to a server is repeated only if it changes nothing there;
what was not written is repeated whatever it is. A request keeps its age, so its timeout holds over
all attempts, and its place with its client. It is routed anew, so that it goes where its keys are
by then; if that is no longer one server, it is split. All of this happens only after a failure, and
costs nothing before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.divided import Cut, Divided
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import GREETING, NOTHING, Owner, Request


@attrs.frozen
class Repeatable:
    """
    What must be known of a request to repeat it.

    @ivar isRead: it changes nothing at the server, and may be sent twice.
    @ivar keys: what decides its server; at least one.
    @ivar cut: how it is split by key; L{None} when all its keys must be on one server.
    """

    isRead: bool
    keys: Sequence[bytes]
    cut: Cut | None = None


@attrs.frozen
class Allowance:
    """
    How much repeating there may be.

    @ivar attempts: how often one request is repeated at most.
    @ivar timeout: seconds from queueing a request to its reply; L{None} waits for ever.
    """

    attempts: int
    timeout: float | None


class Way(Protocol):
    """
    The part of a L{nuttwist.wire.router.Router} that is needed here.
    """

    def route(self, key: bytes) -> Pipeline: ...

    def seconds(self) -> float: ...


class Repeated:
    """
    Owns one request that is repeated, in the place of who waits for it.

    @ivar owner: who waits, or L{None} when no reply is expected.
    @ivar left: how often it may be repeated again.
    """

    __slots__ = ("left", "owner", "touched")

    def __init__(self, owner: Owner | None, left: int) -> None:
        self.owner = owner
        self.left = left
        self.touched = False

    @property
    def gone(self) -> bool:
        """
        True when nobody waits.
        """
        return self.owner is None or self.owner.gone

    def settle(self) -> None:
        """
        The reply has come.
        """
        self.touched = False
        if self.owner is not None:
            self.owner.settle()

    def failed(self, request: Request, line: bytes) -> None:
        """
        It has failed for good.
        """
        if self.owner is not None:
            self.owner.failed(request, line)


class Retries:
    """
    Repeats the requests of one kind of server connections.
    """

    def __init__(
        self,
        way: Way,
        repeatable: Callable[[bytes], Repeatable | None],
        allowance: Callable[[], Allowance],
        counters: PoolCounters,
    ) -> None:
        """
        @param way: the way to these connections.
        @param repeatable: reads the bytes of a request; L{None}: it cannot be repeated.
        @param allowance: how much there may be at the moment.
        @param counters: the pool's.
        """
        self._way = way
        self._repeatable = repeatable
        self._allowance = allowance
        self._counters = counters

    def retry(self, request: Request, sent: bool) -> bool:
        """
        Repeat a request whose connection has failed, if that is safe and there is time left.

        @param sent: some of its bytes were written.
        @return: whether it has been queued again.
        """
        left = self._left(request)
        if left <= 0 or request.expect == GREETING:
            return False
        known = self._repeatable(request.data)
        if known is None or (sent and not known.isRead):
            return False
        pipelines = [self._way.route(key) for key in known.keys]
        # The connections of one server share its counters, and any of them will do.
        isTogether = all(each.counters is pipelines[0].counters for each in pipelines)
        cut = None if isTogether else known.cut
        if cut is None and not isTogether:
            return False
        # The keys may be very many, and a cut reads them again.
        del known
        again = self._again(request, left - 1)
        if cut is None:
            pipelines[0].rejoin(request)
        else:
            self._split(Divided(request, again, cut), pipelines, left - 1)
        return True

    def _again(self, request: Request, left: int) -> Repeated:
        owner = request.owner
        again = Repeated(owner.owner if isinstance(owner, Repeated) else owner, left)
        request.owner = again
        if request.found is not None:
            request.found.clear()
        self._counters.repeated += 1
        return again

    def _split(self, whole: Divided, pipelines: Sequence[Pipeline], left: int) -> None:
        shares = whole.split(pipelines, lambda owner: Repeated(owner, left))
        self._counters.fragments += len(shares)
        for pipeline, share in shares:
            pipeline.rejoin(share)

    def _left(self, request: Request) -> int:
        owner, allowed = request.owner, self._allowance()
        if owner is not None and owner.gone and request.expect != NOTHING:
            return 0
        timeout = allowed.timeout
        if timeout is not None and request.since + timeout - self._way.seconds() <= 0:
            return 0
        left = allowed.attempts
        return min(owner.left, left) if isinstance(owner, Repeated) else left
