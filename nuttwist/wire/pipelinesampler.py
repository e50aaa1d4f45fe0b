"""
Looks at the requests of one server connection, once for a batch that is written or answered.

Rules of this module. Of a batch of replies the oldest request tells the latency; it is known from
the out-queue, and when it was written from the last writes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from nuttwist.wire.request import GREETING, Request
from nuttwist.wire.sampler import PoolSampler

#: Moments of writes that are remembered for one connection.
WRITES = 1024


class PipelineSampler:
    """
    Looks at the requests of one server connection; see L{nuttwist.wire.pipeline.Sampler}.
    """

    __slots__ = (
        "_latency",
        "_oldest",
        "_owed",
        "_picked",
        "_pool",
        "_server",
        "_weight",
        "_writes",
    )

    def __init__(self, pool: PoolSampler, server: str | None) -> None:
        """
        @param server: its name; L{None} for where requests go when no server is live.
        """
        self._pool = pool
        self._server = server
        self._latency = pool.timing(server)
        # The request that is answered next, as far as known, and the one that was picked.
        self._oldest: Request | None = None
        self._picked: Request | None = None
        # Replies whose latency is not counted yet, and those since the last sample.
        self._owed = self._weight = 0
        self._writes: deque[float] = deque(maxlen=WRITES)

    def written(self, batch: Sequence[Request], waiting: Sequence[Request]) -> None:
        """
        Requests were written.

        @param batch: these, at least one.
        @param waiting: those that wait for replies, with these.
        """
        now = self._pool.seconds()
        self._writes.append(now)
        # Whatever was the oldest is answered when only these wait.
        if self._oldest is None or len(waiting) <= len(batch):
            self._oldest = waiting[0] if waiting else None
        if self._picked is None:
            self._picked = self._pool.pick(batch, now)

    def delivered(self, count: int, waiting: Sequence[Request]) -> None:
        """
        A batch of replies has come.

        @param count: how many of them found their clients.
        @param waiting: the requests that still wait for theirs.
        """
        self._owed += count
        self._weight += count
        oldest, self._oldest = self._oldest, waiting[0] if waiting else None
        now = self._pool.seconds()
        if oldest is not None and isAnswered(oldest):
            self._observe(oldest, now)
        picked = self._picked
        if picked is not None and picked.reply is not None:
            self._picked = None
            if isAnswered(picked) and self._server is not None:
                weight, self._weight = self._weight, 0
                self._pool.picked(self._server, picked, now - picked.since, weight)

    def _observe(self, oldest: Request, now: float) -> None:
        weight, self._owed = self._owed, 0
        latency = now - oldest.since
        self._latency.add(latency, weight)
        self._pool.latency.add(latency, weight)
        queued = self._queued(oldest)
        if latency >= self._pool.threshold:
            self._pool.wasSlow(self._server, oldest, queued, None)

    def _queued(self, oldest: Request) -> float | None:
        # The first write since it was queued has taken it along.
        writes = self._writes
        while writes and writes[0] < oldest.since:
            writes.popleft()
        return writes[0] - oldest.since if writes else None

    def failed(
        self, reason: str, unsent: Sequence[Request], waiting: Sequence[Request], count: int
    ) -> None:
        """
        Everything has failed.

        @param unsent: what was never written.
        @param waiting: what was written and got no reply.
        @param count: how many clients are told so.
        """
        if count:
            self._pool.failed(self._server, reason, count)
        doomed = [each for each in (*waiting[:1], *unsent[:1]) if each.expect != GREETING]
        slow = self._pool.seconds() - self._pool.threshold
        for request in doomed[:1]:
            if request.since <= slow:
                queued = self._queued(request) if waiting else None
                self._pool.wasSlow(self._server, request, queued, reason)
        self._oldest = self._picked = None
        self._writes.clear()


def isAnswered(request: Request) -> bool:
    """
    True when the reply has come, and somebody wanted it.
    """
    owner = request.owner
    return (
        request.reply is not None
        and request.expect != GREETING
        and owner is not None
        and not owner.gone
    )
