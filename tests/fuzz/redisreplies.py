"""
What redis servers may answer.

The first byte of an input says how many requests wait and in which version of the protocol; what
is behind it is what the server says.
"""

from __future__ import annotations

import attrs

from nuttwist.wire.redis import scan
from nuttwist.wire.redis.replies import RESP2, RESP3, TRANSIENT, RedisReplies
from nuttwist.wire.redis.resp import skip
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, GREETING, Request
from tests.fuzz.cutting import ways
from tests.fuzz.watching import Onward
from tests.unit.wire.link import Link


@attrs.frozen
class Asked:
    """
    What waits for the server's replies.

    @ivar count: how many requests.
    @ivar greeting: how many of them, the first, are the proxy's own greeting.
    """

    count: int
    greeting: int
    kinds: frozenset[int]

    def requests(self, owner: ReplyQueue) -> list[Request]:
        """The requests themselves."""
        return [
            Request(owner, b"?", 0, GREETING if number < self.greeting else CLASSIC)
            for number in range(self.count)
        ]

    def grammar(self, pipeline: object) -> RedisReplies:
        """A grammar that waits for few bytes only, so that an input can be longer."""
        grammar = RedisReplies(pipeline, self.kinds)
        grammar.maxLine = 300
        return grammar


def take(data: bytes, at: int) -> tuple[int, list[bytes]]:
    """The strings that the inner loop takes."""
    pieces: list[bytes] = []
    return scan.strings(data, at, len(data), pieces)[0], pieces


def askedBy(first: int) -> Asked:
    """What a first byte stands for: ASCII digits for RESP2, letters for RESP3."""
    return Asked(first % 8, first // 8 % 2, RESP3 if first >= ord("@") else RESP2)


def assertTheseBytes(waiting: list[Request], said: bytes, kinds: frozenset[int]) -> int:
    """
    The replies are the server's bytes, each one whole value, and nothing is left out.

    @return: how many of them tell of a passing trouble.
    """
    answered = [each for each in waiting if each.reply is not None]
    assert answered == waiting[: len(answered)]
    assert said.startswith(b"".join(each.reply for each in answered))
    for each in answered:
        assert skip(each.reply, 0) == len(each.reply)
        assert each.reply[0] in kinds
    return sum(bool(TRANSIENT.match(each.reply)) for each in answered if each.expect == CLASSIC)


def oneInput(data: bytes) -> None:
    """
    Have a server say this, and see that all holds.

    @raise AssertionError: it does not.
    """
    asked, said = askedBy(data[0] if data else 0), data[1:]
    expected = None
    for stock in (False, True):
        for pieces in ways(said):
            made = Link(asked.requests, stock, asked.grammar)
            made.server.grammar = Onward(made.server.grammar, take)
            troubles: list[None] = []
            made.pipeline.troubled = lambda: troubles.append(None)  # noqa: B023  called in send
            made.send(pieces)
            assert len(troubles) == assertTheseBytes(made.requests, said, asked.kinds)
            kept = len(made.server._buffer)
            assert made.bad or not made.server.line_mode or kept <= made.server.grammar.maxLine + 1
            arrived = made.received()
            assert expected in (None, arrived), pieces
            expected = arrived
