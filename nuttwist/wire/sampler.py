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

    def timing(self, server: str | None) -> Histogram:
        """
        Of the replies of one server.

        @param server: its name; L{None} for where requests go when no server is live.
        """
        return Histogram() if server is None else self.servers.setdefault(server, Histogram())

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
