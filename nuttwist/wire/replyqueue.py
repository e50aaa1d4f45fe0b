"""
The client's reply queue: arrow (d) of the drawing.

Requests of one client wait here in the order they were asked; replies leave in that order and
no other, however the servers answered.
"""

from __future__ import annotations

from typing import Protocol

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.request import Request

#: Bytes of replies that one client's outstanding requests may be expected to bring.
BUDGET = 4 * 1024 * 1024

#: Outstanding requests that a client may have: however large its replies are, before anything is
#: known of them, and however small they are.
FEWEST, FIRST, MOST = 16, 64, 4096


class Waiting(Protocol):
    """
    Anything that stands in a reply queue: a request, or the sum of a split one.
    """

    reply: bytes | None


class Sink(Protocol):
    """
    Whoever moves the bytes; told that there are some, once a turn.
    """

    def wake(self) -> None:
        """
        There is something to take.
        """


class Answer:
    """
    A reply that the proxy gives itself, waiting for its turn.
    """

    __slots__ = ("reply",)

    def __init__(self, reply: bytes) -> None:
        self.reply: bytes | None = reply


class ReplyQueue:
    """
    Replies owed to one client, in request order.

    @ivar waiting: the requests not yet answered, oldest first.
    @ivar room: how many requests may be outstanding before the client is not read any further;
        learned from the size of its replies.
    @ivar ending: True when nothing more is accepted and the connection is to be closed after
        the last reply.
    @ivar fault: True when that is so over something the client did.
    """

    __slots__ = (
        "_usual",
        "counters",
        "ending",
        "fault",
        "gone",
        "room",
        "sink",
        "touched",
        "waiting",
    )

    def __init__(self, sink: Sink, counters: PoolCounters) -> None:
        self.sink = sink
        self.counters = counters
        self.waiting: list[Waiting] = []
        self.touched = False
        self.gone = False
        self.ending = False
        self.fault = False
        self.room = FIRST
        self._usual = BUDGET // FIRST

    def isFull(self) -> bool:
        """
        True when nothing more is to be read from the client for now.
        """
        return len(self.waiting) >= self.room

    def _learn(self, size: int, count: int) -> None:
        # What is larger than usual is believed at once, what is smaller by half each time.
        mean = size // count
        self._usual = mean if mean > self._usual else (self._usual + mean) // 2
        self.room = min(max(BUDGET // (self._usual + 1), FEWEST), MOST)

    def settle(self) -> None:
        """
        Replies were set: have the sink take them.
        """
        self.touched = False
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

    def hangUp(self, reply: bytes = b"") -> None:
        """
        Accept nothing more from a client at fault, and close after what is owed.

        @param reply: what it is told last.
        """
        self.fault = True
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
        else:
            del waiting[: len(ready)]
        data = b"".join(ready)
        if ready:
            self._learn(len(data), len(ready))
        return data

    def abandon(self) -> None:
        """
        The client is gone: its requests run their course, and their replies are swallowed.
        """
        self.gone = True
        self.waiting.clear()
