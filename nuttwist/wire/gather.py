"""
One request that went to several servers, and the sum of their replies.

A gather stands in the client's reply queue like a request, and owns the parts like a client;
it is complete when the last part is.
"""

from __future__ import annotations

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request


class Gather:
    """
    Waits for every part and then merges them; a subclass says how.

    No two parts may go to the same pipeline: then each batch of replies completes exactly one
    part, and counting the batches is enough.

    @ivar parts: the requests to the servers, in twemproxy's internal order of servers.
    @ivar missing: how many of them have no reply yet.
    @ivar beside: bytes that are held beside those of the parts, or of the reply.
    @ivar troubles: the parts that failed in the proxy, with the error each got.
    """

    __slots__ = ("beside", "missing", "owner", "parts", "reply", "touched", "troubles")

    def __init__(self, owner: ReplyQueue) -> None:
        self.owner = owner
        self.parts: list[Request] = []
        self.missing = 0
        self.beside = 0
        self.troubles: dict[int, bytes] = {}
        self.reply: bytes | None = None
        self.touched = False

    def start(self, parts: list[tuple[Pipeline, Request]]) -> None:
        """
        Stand in the owner's queue and send the parts.

        @param parts: each with the pipeline it goes to, in the internal order of servers.
        """
        self.parts = [request for _, request in parts]
        self.missing = len(parts)
        self.owner.counters.fragments += len(parts)
        self.owner.waiting.append(self)
        self.owner.weighAt -= self.beside
        for pipeline, request in parts:
            pipeline.submit(request)

    @property
    def gone(self) -> bool:
        """
        True when the client has left.
        """
        return self.owner.gone

    def failed(self, request: Request, line: bytes) -> None:
        """
        Remember which part failed in the proxy and why.
        """
        request.reply = line
        self.troubles[self.parts.index(request)] = line

    def settle(self) -> None:
        """
        One more part has its reply; merge if it was the last, and pass the news on.
        """
        self.touched = False
        self.missing -= 1
        if self.missing:
            self.owner.partly()
            return
        self.reply = self.merged()
        self.parts = []
        if not self.owner.gone:
            self.owner.settle()

    def coming(self, size: int) -> None:
        """
        So many bytes have come of the reply to a part, and that is not all.
        """
        self.owner.partly(size)

    def weight(self) -> int:
        """
        Bytes that are held for it: those of its parts or of the reply, and beside them.
        """
        if self.reply is not None:
            return self.beside + len(self.reply)
        return self.beside + sum([each.weight() for each in self.parts])

    def merged(self) -> bytes:
        """
        The reply to the whole, from parts that all have theirs.
        """
        raise NotImplementedError

    def error(self, line: bytes) -> bytes:
        """
        Count and return an error that replaces the whole reply.
        """
        self.owner.countError()
        return line

    def firstTrouble(self, unknown: bytes) -> bytes | None:
        """
        The error of the first part, in server order, that failed in the proxy.

        @param unknown: the error that hides no other: twemproxy gives it only when every
            failed part has it.
        """
        lines = [self.troubles[index] for index in sorted(self.troubles)]
        return next((line for line in lines if line != unknown), lines[0] if lines else None)
