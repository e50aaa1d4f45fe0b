"""However the bytes are cut, and whichever loop reads them, the same comes of them."""

from __future__ import annotations

from hypothesis import example, given, settings, strategies as st

from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.memcache.requests import MemcacheRequests
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, QUIET, Request
from nuttwist.wire.router import Settings

from .link import Link
from .rig import SMALL, STRICT, Pool, cut, singly
from .strategies import CUTS, REQUESTS, streams


def shortLines(*arguments):
    """A grammar that waits for few bytes only, so that examples can be short."""
    grammar = MemcacheRequests(*arguments)
    grammar.maxLine = 300
    return grammar


def shortReplies(*arguments):
    """A grammar that waits for few bytes only, so that examples can be short."""
    grammar = MemcacheReplies(*arguments)
    grammar.maxLine = 300
    return grammar


POOLS = st.sampled_from([SMALL, STRICT, Settings(), Settings(partial_results=True)])


def conversation(pool, pieces):
    """All that is to be seen of what a client said, the unread rest included."""
    pool.send(pieces)
    rest = b"" if pool.replies.ending else pool.client.clearLineBuffer()
    return pool.outcome(), rest


@settings(max_examples=300)
@given(st.lists(REQUESTS, max_size=8).map(b"".join), CUTS, POOLS, st.integers(1, 3))
def test_requestsComeToTheSameHoweverTheyAreCut(data, places, allowed, servers):
    """At once, cut anywhere, byte by byte, and by Twisted's own loop without the fast path."""
    whole = conversation(Pool(allowed, servers, grammar=shortLines), [data])
    for pieces in ([data], cut(data, places), singly(data)):
        assert conversation(Pool(allowed, servers, grammar=shortLines), pieces) == whole
        stock = Pool(allowed, servers, stock=True, grammar=shortLines)
        assert conversation(stock, pieces) == whole


def link(asked, stock):
    """A server connection with these requests on it."""

    def requests(owner: ReplyQueue) -> list[Request]:
        return [
            Request(owner, b"?", 0, expect, found={} if part and expect == CLASSIC else None)
            for expect, part in asked
        ]

    return Link(requests, stock, shortReplies)


def arrival(asked, pieces, stock):
    """All that is to be seen of what a server said."""
    there = link(asked, stock)
    there.send(pieces)
    return there.received(), [each.found for each in there.requests]


@settings(max_examples=300)
@given(streams(), CUTS)
@example(([(QUIET, False)], b"HD\r\nVA 4\r\nMN\r\n\r\nMN\r\n"), [4])
def test_repliesComeToTheSameHoweverTheyAreCut(stream, places):
    """The same replies reach the same requests, up to the same bad one if there is any."""
    asked, data = stream
    whole = arrival(asked, [data], stock=False)
    for pieces in (cut(data, places), singly(data)):
        assert arrival(asked, pieces, stock=False) == whole
    for pieces in ([data], cut(data, places), singly(data)):
        assert arrival(asked, pieces, stock=True) == whole
