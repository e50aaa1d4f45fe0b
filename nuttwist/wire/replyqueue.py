"""
The client's reply queue: arrow (d) of the drawing.

Requests of one client wait here in the order they were asked; replies leave in that order and
no other, however the servers answered.
"""

from __future__ import annotations

from typing import Protocol

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.request import Request

#: Bytes that one client's outstanding requests and their replies may be expected to take, by
#: default.
BUDGET = 4 * 1024 * 1024

#: Outstanding requests that a client may have: however large its replies are, before anything is
#: known of them, and however small they are, by default. With less than two, nothing would be
#: learned from small ones.
FEWEST, FIRST, MOST = 2, 64, 4096

#: Bytes that a reply is taken for before there was one.
ASSUMED = 64 * 1024

#: So many times its budget may be held for a client that does not take its replies.
PATIENCE = 16

#: When more requests than this wait for one that is not answered, they are not weighed each time.
MANY, SELDOM = 64, 16


class Waiting(Protocol):
    """
    Anything that stands in a reply queue: a request, or the sum of a split one.
    """

    reply: bytes | None

    def weight(self) -> int:
        """
        Bytes that are held for it: of requests, and of replies as far as they have come.
        """


class Sink(Protocol):
    """
    Whoever moves the bytes; told that there are some, once a turn.
    """

    def wake(self) -> None:
        """
        There is something to take.
        """


class Nobody:
    """
    The sink of a client that is gone.
    """

    def wake(self) -> None:
        """
        Nobody wants the bytes.
        """


NOBODY = Nobody()


class Answer:
    """
    A reply that the proxy gives itself, waiting for its turn.
    """

    __slots__ = ("reply",)

    def __init__(self, reply: bytes) -> None:
        self.reply: bytes | None = reply

    def weight(self) -> int:
        """
        Bytes of the reply.
        """
        return len(self.reply or b"")


class ReplyQueue:
    """
    Replies owed to one client, in request order.

    @ivar waiting: the requests not yet answered, oldest first.
    @ivar budget: bytes that they and their replies may be expected to take.
    @ivar blocked: bytes held behind an unanswered request when that was last weighed, the
        largest of them not counted.
    @ivar weighAt: how many bytes the client may have sent before what is held is weighed again; a
        request that takes more than its bytes brings that nearer.
    @ivar room: how many requests may be outstanding before the client is not read any further;
        learned from the size of its replies.
    @ivar ending: True when nothing more is accepted and the connection is to be closed after
        the last reply.
    @ivar fault: True when that is so over something the client did.
    @ivar suspicion: what that is, if an operator should hear of it; for the log.
    """

    __slots__ = (
        "_looks",
        "_most",
        "_unweighed",
        "_usual",
        "blocked",
        "budget",
        "counters",
        "ending",
        "fault",
        "gone",
        "room",
        "sink",
        "suspicion",
        "touched",
        "waiting",
        "weighAt",
    )

    def __init__(
        self, sink: Sink, counters: PoolCounters, budget: int = BUDGET, most: int = MOST
    ) -> None:
        """
        @param most: outstanding requests, however small their replies are.
        """
        self.sink = sink
        self.counters = counters
        self.waiting: list[Waiting] = []
        self.touched = False
        self.gone = False
        self.ending = False
        self.fault = False
        self.suspicion = ""
        self.budget = budget
        self.weighAt = budget
        self.blocked = 0
        self._most = most
        self._usual = self._begin()
        self._looks = 0
        self._unweighed = 0

    def _begin(self) -> int:
        # Nothing is known of the replies yet: what is taken for usual.
        self.room = min(max(self.budget // ASSUMED, FEWEST), FIRST, self._most)
        return self.budget // self.room

    def change(self, budget: int, most: int) -> None:
        """
        Hold the client to other bounds from now on. What its replies have told stays known.

        @param most: outstanding requests, however small their replies are.
        """
        usual, known = self._usual, self._usual != self._begin()
        self.budget, self._most = budget, most
        self._usual = self._begin()
        if known:
            self._usual = 0
            self._learn(usual, 1)

    def isFull(self) -> bool:
        """
        True when nothing more is to be read from the client for now.
        """
        return len(self.waiting) >= self.room

    def _learn(self, size: int, count: int) -> None:
        # What is larger than usual is believed at once, what is smaller by half each time.
        mean = size // count
        self._usual = mean if mean > self._usual else (self._usual + mean) // 2
        self.room = min(max(self.budget // (self._usual + 1), FEWEST), self._most)

    def settle(self) -> None:
        """
        Replies were set: have the sink take them.
        """
        self.touched = False
        self.sink.wake()

    def partly(self, size: int = ASSUMED) -> None:
        """
        Something has come of a request that is not answered yet: have the sink look now and then
        how much there is.

        @param size: bytes of it; when that is not known, as many as come at a time.
        """
        self._unweighed += size
        if self._unweighed > self.budget:
            self._unweighed = 0
            # The next look weighs.
            self._looks = -1
            self.sink.wake()

    def failed(self, request: Request, line: bytes) -> None:
        """
        Complete a request with an error of the proxy's own, and count it.
        """
        request.reply = line
        self.countError()

    def countError(self) -> None:
        """
        One request of this client ends in an error of the proxy's own.
        """
        self.counters.forward_error += 1

    def answer(self, reply: bytes) -> None:
        """
        Reply to the newest request without asking a server.
        """
        self.waiting.append(Answer(reply))
        self.sink.wake()

    def end(self) -> None:
        """
        Accept nothing more, and close after what is owed.
        """
        self.ending = True
        self.sink.wake()

    def hangUp(self, reply: bytes = b"", suspicion: str = "") -> None:
        """
        Accept nothing more from a client at fault, and close after what is owed.

        @param reply: what it is told last.
        @param suspicion: what an operator should hear of this client.
        """
        self.fault = True
        self.suspicion = suspicion
        if reply:
            self.answer(reply)
        self.end()

    def take(self) -> bytes:
        """
        The replies that may leave now, oldest first, without those behind an unanswered one.
        """
        waiting = self.waiting
        if len(waiting) == 1 and waiting[0].reply is not None:
            reply = waiting.pop().reply or b""
            if len(reply) > self._usual:
                self._learn(len(reply), 1)
            return reply
        ready: list[bytes] = []
        for request in waiting:
            if request.reply is None:
                break
            ready.append(request.reply)
        if len(ready) == len(waiting):
            waiting.clear()
            self.blocked = 0
        else:
            del waiting[: len(ready)]
            self._weighBlocked()
        data = b"".join(ready)
        if ready:
            self._learn(len(data), len(ready))
        return data

    def _weighBlocked(self) -> None:
        self._looks += 1
        if len(self.waiting) <= MANY or not self._looks % SELDOM:
            weights = [each.weight() for each in self.waiting]
            self.blocked = sum(weights) - max(weights)

    def weight(self) -> int:
        """
        Bytes that are held for what is not answered yet, or not all.
        """
        return sum([each.weight() for each in self.waiting])

    def abandon(self) -> None:
        """
        The client is gone: its requests run their course, and their replies are swallowed.
        """
        self.gone = True
        self.waiting.clear()
        # The sink has this queue: without the way back there is no cycle to be found later.
        self.sink = NOBODY
