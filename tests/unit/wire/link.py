"""A server connection in memory: requests that wait on it, and what the server says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
from twisted.internet.testing import StringTransport

from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.wire.framing import BadReply
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request

from .rig import FakeSink, Receiver, StockReceiver


@attrs.frozen
class Received:
    """
    What a server's bytes brought about.

    @ivar replies: of each request that was asked, in order; L{None} where none came.
    @ivar bad: the connection has to go.
    """

    replies: tuple[bytes | None, ...]
    bad: bool
    responses: int
    responseBytes: int


class Link:
    """
    One server connection with requests that wait for replies.

    @ivar owner: whose requests they are.
    """

    def __init__(
        self,
        requests: Callable[[ReplyQueue], list[Request]],
        stock: bool = False,
        grammar: Callable[..., MemcacheReplies] = MemcacheReplies,
    ) -> None:
        self.sink = FakeSink()
        self.owner = ReplyQueue(self.sink, PoolCounters())
        self.batches = 0
        self.pipeline = Pipeline(FakeSink(), ServerCounters(), errorLine, self._answered, 0)
        self.requests = requests(self.owner)
        for each in self.requests:
            self.pipeline.submit(each)
        if self.requests:
            self.pipeline.take()
        self.bad = False
        driver = StockReceiver if stock else Receiver
        self.server = driver(grammar(self.pipeline), lambda: self.bad)
        self.server.makeConnection(StringTransport())

    def _answered(self) -> None:
        self.batches += 1

    def send(self, pieces: Iterable[bytes]) -> None:
        """Have the server say this, until the connection has to go."""
        assert not self.bad
        try:
            for piece in pieces:
                self.server.dataReceived(piece)
        except BadReply:
            self.bad = True

    def received(self) -> Received:
        """What has come of it."""
        counters = self.pipeline.counters
        return Received(
            tuple(each.reply for each in self.requests),
            self.bad,
            counters.responses,
            counters.response_bytes,
        )
