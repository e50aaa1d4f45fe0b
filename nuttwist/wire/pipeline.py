"""
The two queues of one server connection: between arrows (b) and (c) of the drawing.

Requests wait in the in-queue until they are written, all of a turn at once, and then in the
out-queue for their replies, which come in that order (memcached's doc/protocol.txt and the
redis protocol both promise it).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from nuttwist.wire.counters import ServerCounters
from nuttwist.wire.replyqueue import Sink
from nuttwist.wire.request import NOTHING, Owner, Request


class HeldBack(Protocol):
    """
    A client that is not read until a pipeline has room again.
    """

    def relieved(self) -> None:
        """
        There is room.
        """


class Sampler(Protocol):
    """
    Whoever looks at a request now and then; called once for a batch.
    """

    def written(self, batch: Sequence[Request], waiting: Sequence[Request]) -> None:
        """
        Requests were written, and C{waiting} has those without a reply, with these.
        """

    def delivered(self, count: int, waiting: Sequence[Request]) -> None:
        """
        So many replies found their clients; C{waiting} has the requests still without one.
        """

    def failed(
        self, reason: str, unsent: Sequence[Request], waiting: Sequence[Request], count: int
    ) -> None:
        """
        Everything has failed, and so many requests were answered with an error.
        """


class Pipeline:
    """
    Requests for one server connection, paired with its replies.

    @ivar rank: the place of its server in the pool's internal order.
    @ivar inQueue: not yet written.
    @ivar outQueue: written, waiting for the reply.
    @ivar awake: True while the sink knows that the in-queue has something for it.
    @ivar silent: True when some request of the in-queue expects no reply.
    @ivar crowded: True while clients that feed this pipeline are to be held back.
    @ivar heldBack: those that are.
    @ivar repeated: requests that failed on another connection, or on an earlier one, and wait
        here: they may be older than those before them.
    @ivar replyMax: bytes of one reply over which it is thrown away as it comes.
    @ivar retry: told of each request that is about to fail, and whether it was written; says
        whether it has taken the request over, to repeat it. L{None}: nothing is repeated.
    @ivar sampler: looks at requests; L{None} while nobody wants to know.
    """

    __slots__ = (
        "answered",
        "awake",
        "counters",
        "crowded",
        "errorLine",
        "heldBack",
        "inQueue",
        "outQueue",
        "rank",
        "repeated",
        "replyMax",
        "retry",
        "sampler",
        "silent",
        "sink",
        "troubled",
    )

    def __init__(
        self,
        sink: Sink,
        counters: ServerCounters,
        errorLine: Callable[[str], bytes],
        answered: Callable[[], None],
        rank: int,
        troubled: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param errorLine: renders the proxy's own errors in the dialect of the pool.
        @param answered: called once for a batch of replies that reached their clients.
        @param troubled: called for a reply that tells of a passing trouble of the server's,
            which only some dialects have.
        """
        self.sink = sink
        self.counters = counters
        self.errorLine = errorLine
        self.answered = answered
        self.rank = rank
        self.troubled = troubled
        self.inQueue: list[Request] = []
        self.outQueue: deque[Request] = deque()
        self.awake = False
        self.silent = False
        self.crowded = False
        self.heldBack: list[HeldBack] = []
        self.repeated: list[Request] = []
        self.replyMax = 1 << 40
        self.retry: Callable[[Request, bool], bool] | None = None
        self.sampler: Sampler | None = None

    def submit(self, request: Request) -> None:
        """
        Put a request at the end of the in-queue.
        """
        self.inQueue.append(request)
        if request.expect == NOTHING:
            self.silent = True
        if not self.awake:
            self.awake = True
            self.sink.wake()

    def take(self) -> bytes:
        """
        Everything in the in-queue as one piece for the server; what expects a reply moves to
        the out-queue.
        """
        queue = self.inQueue
        self.inQueue = []
        if self.silent:
            self.silent = False
            self.outQueue.extend([each for each in queue if each.expect])
        else:
            self.outQueue.extend(queue)
        data = b"".join([each.data for each in queue]) if len(queue) > 1 else queue[0].data
        self.counters.requests += len(queue)
        self.counters.request_bytes += len(data)
        if self.sampler is not None:
            self.sampler.written(queue, self.outQueue)
        return data

    def delivered(self, count: int, size: int) -> None:
        """
        Count a batch of replies that found their clients.
        """
        self.counters.responses += count
        self.counters.response_bytes += size
        if self.sampler is not None:
            self.sampler.delivered(count, self.outQueue)
        self.answered()

    def fail(self, text: str) -> None:
        """
        Complete everything in both queues with an error, but for what is repeated.

        The unsent requests are failed first, as twemproxy does; every client sees its own
        order in any case.

        @param text: the reason, as the pool's dialect is to carry it.
        """
        unsent, sent = self.inQueue, list(self.outQueue)
        # twemproxy counts a request when it is queued, also when it is never written.
        self.counters.requests += len(unsent)
        self.counters.request_bytes += sum(len(each.data) for each in unsent)
        self.inQueue = []
        self.outQueue.clear()
        self.repeated = []
        self.silent = False
        if self.retry is not None:
            # Oldest first: what is repeated keeps its order.
            sent = self._notRepeated(sent, True)
            unsent = self._notRepeated(unsent, False)
        line = self.errorLine(text)
        touched: list[Owner] = []
        told = 0
        for request in [*unsent, *sent]:
            owner = request.owner
            if owner is None or owner.gone:
                continue
            told += 1
            owner.failed(request, line)
            if not owner.touched:
                owner.touched = True
                touched.append(owner)
        if self.sampler is not None:
            self.sampler.failed(text, unsent, sent, told)
        for owner in touched:
            owner.settle()

    def _notRepeated(self, doomed: list[Request], sent: bool) -> list[Request]:
        retry = self.retry
        assert retry is not None
        return [each for each in doomed if not retry(each, sent)]

    def rejoin(self, request: Request) -> None:
        """
        Queue a request that has failed elsewhere, and watch its time.
        """
        self.submit(request)
        if request.expect != NOTHING:
            self.repeated.append(request)

    def relieve(self) -> None:
        """
        There is room again: let the clients go on that were held back.
        """
        self.crowded = False
        heldBack = self.heldBack
        self.heldBack = []
        for each in heldBack:
            each.relieved()

    def oldest(self) -> Request | None:
        """
        The request that has waited longest, for its reply or to be written; L{None} when none
        does. One without a reply waits until it is written.
        """
        oldest = self._first()
        if self.repeated:
            self.repeated = [each for each in self.repeated if each.reply is None]
            for request in self.repeated:
                if oldest is None or request.since < oldest.since:
                    oldest = request
        return oldest

    def _first(self) -> Request | None:
        if self.outQueue:
            return self.outQueue[0]
        return self.inQueue[0] if self.inQueue else None

    def sizes(self) -> tuple[int, int, int, int]:
        """
        The lengths of the queues: requests and bytes of the in-queue, then of the out-queue.
        """
        return (
            len(self.inQueue),
            sum(len(each.data) for each in self.inQueue),
            len(self.outQueue),
            sum(len(each.data) for each in self.outQueue),
        )
