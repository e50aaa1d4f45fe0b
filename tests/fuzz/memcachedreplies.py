"""
What memcached servers may answer.

The first line of an input says what is expected, a letter a request (see L{EXPECTED}); what is
behind it is what the server says.
"""

from __future__ import annotations

import re

from nuttwist.wire.memcache import scan
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET, Request
from tests.fuzz.cutting import ways
from tests.fuzz.watching import Onward
from tests.unit.wire.link import Link

#: The letters: a part of a split retrieval is C{s}.
EXPECTED = {
    ord("c"): CLASSIC,
    ord("s"): CLASSIC,
    ord("m"): META,
    ord("q"): QUIET,
    ord("a"): ACKNOWLEDGE,
}
PART = ord("s")

#: More requests than these are not waiting.
MOST = 8

#: A value with its line, up to the end of that line.
HEADER = re.compile(rb"VALUE ([^ \r]+) [0-9]+ ([0-9]{1,10})(?: [0-9]+)?\r\n")

BARRIER = b"MN\r\n"

#: Bytes of a line here: few, but more than the innermost loop takes without asking (HEADER_MAX).
LINE_MAX = 600


def requests(letters: bytes, owner: ReplyQueue) -> list[Request]:
    """The requests that wait, by the letters of what is expected."""
    return [
        Request(owner, b"?", 0, EXPECTED[letter], found={} if letter == PART else None)
        for letter in letters
    ]


def shortReplies(pipeline: object) -> MemcacheReplies:
    """A grammar that waits for few bytes only, so that an input can be longer."""
    grammar = MemcacheReplies(pipeline)
    grammar.maxLine = LINE_MAX
    return grammar


def blocks(data: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """The values that begin at an offset, by key, and where they end."""
    found: dict[bytes, bytes] = {}
    while header := HEADER.match(data, at):
        end = header.end() + int(header[2]) + 2
        found[header[1]] = data[at:end]
        at = end
    return found, at


def take(data: bytes, at: int) -> tuple[int, list[bytes]]:
    """What the inner loop takes in one piece: blocks, and the end behind them."""
    after = scan.values(data, at, {})
    after = after if after >= 0 else ~after
    return after, [data[at:after]] if after > at else []


def assertTheseBytes(waiting: list[Request], data: bytes) -> None:
    """The replies are the server's bytes, from the first on, and nothing is left out."""
    at = 0
    answered = [each for each in waiting if each.reply is not None]
    assert answered == waiting[: len(answered)]
    for request in answered:
        if request.found is not None:
            found, at = blocks(data, at)
            assert request.found == found
        reply = request.reply + (BARRIER if request.expect == QUIET else b"")
        assert data.startswith(reply, at), (reply, at)
        assert reply.endswith(b"\r\n")
        at += len(reply)


def oneInput(data: bytes) -> None:
    """
    Have a server say this, and see that all holds.

    @raise AssertionError: it does not.
    """
    head, _, said = data.partition(b"\n")
    letters = bytes(each for each in head if each in EXPECTED)[:MOST]
    expected = None
    for stock in (False, True):
        for pieces in ways(said):
            made = Link(lambda owner: requests(letters, owner), stock, shortReplies)
            made.server.grammar = Onward(made.server.grammar, take)
            made.send(pieces)
            assertTheseBytes(made.requests, said)
            assert (
                made.bad
                or len(made.server._buffer) <= made.server.grammar.maxLine + 1
                or (not made.server.line_mode)
            )
            arrived = made.received(), [each.found for each in made.requests]
            assert expected in (None, arrived), pieces
            expected = arrived
