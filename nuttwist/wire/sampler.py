"""
Looks at a request now and then: latency, top keys, slow requests, failures.

Rules of this module. It works once for a batch of requests written or of replies read, never
for each. Of a batch of replies the oldest request tells the latency: it has waited longest, so
that what is told is never less than what clients saw. Commands and keys are those of one
request picked at random among those written at once, and at most one in L{SPACING}: the oldest
would always be the first of a client's pipeline.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from math import inf
from random import Random

from nuttwist.wire.request import GREETING, Request
from nuttwist.wire.samples import Histogram, TopKeys
from nuttwist.wire.sights import KEY_MAX, Sample, Shown, Sight, SlowRequest, plainly

#: Seconds between two picks of a pool: a bound for what they cost.
SPACING = 0.001

#: Moments of writes that are remembered for one connection.
WRITES = 1024

#: Reasons of failures that are told apart; a server's own words may be among them.
REASONS = 32
OTHER = "other"


class PoolSampler:
    """
    What was seen of one pool.

    @ivar latency: of all replies.
    @ivar servers: the same by server.
    @ivar commands: of the requests that were picked, by name.
    @ivar failures: how many requests were answered with an error of the proxy's own, by server
        (L{None} where none was live) and reason.
    @ivar requests: keys by how often they were asked for.
    @ivar bytes: keys by the bytes of their requests and replies.
    @ivar misses: keys by how often they were not there.
    @ivar slow: the last slow requests, oldest first.
    @ivar samples: how many requests were picked.
    @ivar taps: told of each request that is picked.
    @ivar show: what becomes of a key that is shown to people.
    """

    def __init__(
        self,
        describe: Callable[[Request], Sight],
        seconds: Callable[[], float],
        time: Callable[[], float],
        random: Random | None = None,
    ) -> None:
        """
        There is no slow log before L{configure}.

        @param describe: reads a request of the pool's dialect.
        @param seconds: the clock of L{Request.since}.
        @param time: seconds since 1970.
        """
        self.describe = describe
        self.seconds = seconds
        self.show: Shown = plainly
        self.threshold = inf
        self.latency = Histogram()
        self.servers: dict[str, Histogram] = {}
        self.commands: dict[str, Histogram] = {}
        self.failures: dict[tuple[str | None, str], int] = {}
        self.requests, self.bytes, self.misses = TopKeys(), TopKeys(), TopKeys()
        self.slow: deque[SlowRequest] = deque(maxlen=0)
        self.samples = 0
        self.taps: list[Callable[[Sample], None]] = []
        self._time = time
        self._random = (random or Random()).random  # noqa: S311  a choice, no secret
        self._next = -inf

    def configure(self, show: Shown, threshold: float | None, length: int) -> None:
        """
        Go by these settings from now on; what was seen is kept.

        @param threshold: seconds from which on a request is slow; L{None}: none is.
        @param length: how many slow requests are kept.
        """
        self.show = show
        self.threshold = inf if threshold is None else threshold
        self.slow = deque(self.slow, maxlen=length)

    def keep(self, servers: Collection[str]) -> None:
        """
        Forget what was counted of all other servers by themselves: they do not come back.
        """
        self.servers = {name: each for name, each in self.servers.items() if name in servers}
        self.failures = {
            cell: count
            for cell, count in self.failures.items()
            if cell[0] is None or cell[0] in servers
        }

    def over(self, server: str | None) -> PipelineSampler:
        """
        What samples one connection to a server.

        @param server: its name; L{None} for where requests go when no server is live.
        """
        latency = Histogram() if server is None else self.servers.setdefault(server, Histogram())
        return PipelineSampler(self, server, latency)

    def pick(self, written: Sequence[Request], now: float) -> Request | None:
        """
        One of the requests that were just written, if it is time for another.
        """
        if now < self._next:
            return None
        self._next = now + SPACING
        picked = written[int(self._random() * len(written))]
        return picked if picked.expect and picked.expect != GREETING else None

    def picked(self, server: str, request: Request, latency: float, weight: int) -> None:
        """
        Take a sample.

        @param weight: the replies that it stands for.
        """
        sight = self.describe(request)
        size, replySize = sizesOf(request)
        self.samples += 1
        self.commands.setdefault(sight.command, Histogram()).add(latency)
        if sight.key is not None:
            key = sight.key[:KEY_MAX]
            self.requests.add(key, weight)
            self.bytes.add(key, weight * (size + replySize))
            if sight.hit is False:
                self.misses.add(key, weight)
        for tap in tuple(self.taps):
            tap(Sample(server, sight, size, replySize, latency))

    def wasSlow(
        self, server: str | None, request: Request, queued: float | None, error: str | None
    ) -> None:
        """
        Put a request into the slow log.

        @param queued: seconds until it was written; L{None} when it never was.
        @param error: what the client was told instead of a server's reply.
        """
        total = self.seconds() - request.since
        sight = self.describe(request)
        size, replySize = sizesOf(request)
        self.slow.append(
            SlowRequest(
                self._time(),
                server,
                sight.command,
                None if sight.key is None else sight.key[:KEY_MAX],
                size,
                replySize,
                queued,
                None if queued is None else total - queued,
                total,
                error,
            )
        )

    def failed(self, server: str | None, reason: str, count: int) -> None:
        """
        So many requests got an error of the proxy's own.
        """
        failures = self.failures
        cell = (server, reason)
        if cell not in failures and len(failures) >= REASONS:
            cell = (None, OTHER)
        failures[cell] = failures.get(cell, 0) + count


def sizesOf(request: Request) -> tuple[int, int]:
    """
    Bytes of a request, and of its reply with the values found apart from it.
    """
    found = request.found or {}
    return len(request.data), len(request.reply or b"") + sum(map(len, found.values()))


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

    def __init__(self, pool: PoolSampler, server: str | None, latency: Histogram) -> None:
        self._pool = pool
        self._server = server
        self._latency = latency
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
