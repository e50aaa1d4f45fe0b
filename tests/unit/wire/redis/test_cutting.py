"""However the bytes are cut, and whichever loop reads them, the same comes of them."""

from __future__ import annotations

import attrs
from hypothesis import example, given, settings, strategies as st

from nuttwist.wire.redis.replies import RESP2, RESP3, RedisReplies
from nuttwist.wire.redis.requests import RedisRequests
from nuttwist.wire.redis.resp import request
from nuttwist.wire.request import Request
from tests.unit.wire.link import Link
from tests.unit.wire.rig import singly

from .rig import SECRET, SMALL, STRICT, RedisPool
from .strategies import CUTS, REQUESTS, cut, streams


def shortLines(*arguments):
    """A grammar that waits for few bytes only, so that examples can be short."""
    grammar = RedisRequests(*arguments)
    grammar.maxLine = 300
    return grammar


def shortReplies(*arguments):
    """A grammar that waits for few bytes only, so that examples can be short."""
    grammar = RedisReplies(*arguments)
    grammar.maxLine = 300
    return grammar


GET = request([b"GET", b"a"])
AUTH = request([b"AUTH", b"sekret"])
SAID_LOCKED = st.lists(REQUESTS, max_size=8).map(lambda said: AUTH + b"".join(said))
POOLS = st.sampled_from([SMALL, STRICT, SECRET, attrs.evolve(SECRET, hangUp=True)])


def conversation(pool, pieces):
    """All that is to be seen of what a client said, the unread rest included."""
    pool.send(pieces)
    rest = b"" if pool.replies.ending else pool.client.clearLineBuffer()
    return pool.outcome(), rest, pool.grammar.session


@settings(max_examples=400)
@given(st.lists(REQUESTS, max_size=8).map(b"".join) | SAID_LOCKED, CUTS, POOLS, st.integers(1, 3))
@example(AUTH + request([b"AUTH", b"x"]) + GET, [], SECRET, 1)
@example(b"P$3\r\nabc\r\n*2\r\n$3\r\nget\r", [], SMALL, 1)
def test_requestsComeToTheSameHoweverTheyAreCut(data, places, allowed, servers):
    """At once, cut anywhere, byte by byte, and by Twisted's own loop without the fast path."""
    whole = conversation(RedisPool(allowed, servers, grammar=shortLines), [data])
    for pieces in ([data], cut(data, places), singly(data)):
        mine = RedisPool(allowed, servers, grammar=shortLines)
        assert conversation(mine, pieces)[:2] == whole[:2]
        stock = RedisPool(allowed, servers, stock=True, grammar=shortLines)
        assert conversation(stock, pieces)[:2] == whole[:2]
        for pool in (mine, stock):
            assert attrs.astuple(pool.grammar.session) == attrs.astuple(whole[2])


def arrival(asked, pieces, kinds, stock):
    """All that is to be seen of what a server said."""
    there = Link(
        lambda owner: [Request(owner, b"?", 0) for _ in range(asked)],
        stock,
        lambda pipeline: shortReplies(pipeline, kinds),
    )
    troubles = []
    there.pipeline.troubled = lambda: troubles.append(1)
    there.send(pieces)
    return there.received(), len(troubles)


@settings(max_examples=400)
@given(streams(), CUTS, st.sampled_from([RESP2, RESP3]))
@example((1, b"=5\r\ntxt:"), [], RESP2)
def test_repliesComeToTheSameHoweverTheyAreCut(stream, places, kinds):
    """The same replies reach the same requests, up to the same bad one if there is any."""
    asked, data = stream
    whole = arrival(asked, [data], kinds, stock=False)
    for pieces in (cut(data, places), singly(data)):
        assert arrival(asked, pieces, kinds, stock=False) == whole
    for pieces in ([data], cut(data, places), singly(data)):
        assert arrival(asked, pieces, kinds, stock=True) == whole
