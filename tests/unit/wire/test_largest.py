"""Replies and requests that are larger than the proxy holds."""

from __future__ import annotations

import pytest

from nuttwist.wire.framing import VALUE_MAX, BadReply
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.redis.limits import ARGUMENT
from nuttwist.wire.redis.replies import RedisReplies
from nuttwist.wire.redis.resp import array, bulk, request
from nuttwist.wire.request import Request
from nuttwist.wire.router import Settings

from .link import Link
from .redis.rig import RedisPool
from .rig import Pool, block, cut, found, singly

MOST = 1000
BLOCK = b"VALUE k 0 100\r\n%s\r\n" % (b"v" * 100)
MEMCACHED = (MemcacheReplies, BLOCK * 8 + b"END\r\n", BLOCK * 99 + b"END\r\n", b"END\r\n")
REDIS = (
    RedisReplies,
    array([bulk(b"v" * 100)] * 8),
    array([bulk(b"v" * 100)] * 99),
    b"$-1\r\n",
)


def linked(grammar):
    """A connection with two requests that holds replies of a thousand bytes."""
    link = Link(lambda owner: [Request(owner, b"?", 0.0) for _ in range(2)], grammar=grammar)
    link.pipeline.replyMax = MOST
    return link


@pytest.mark.parametrize("case", [MEMCACHED, REDIS], ids=["memcached", "redis"])
@pytest.mark.parametrize("pieces", [singly, lambda data: cut(data, range(0, len(data), 333))])
def test_aReplyThatIsTooLargeIsReadToItsEndAndThrownAway(case, pieces):
    """Its request gets an error, the next one its own reply, and little is held meanwhile."""
    grammar, _, large, small = case
    link = linked(grammar)
    for piece in pieces(large):
        link.server.dataReceived(piece)
        assert sum(map(len, link.server.grammar._pieces)) <= MOST + 333
    link.server.dataReceived(small)
    replies = [each.reply for each in link.requests]
    assert replies == [link.pipeline.errorLine("reply too large"), small]


@pytest.mark.parametrize("case", [MEMCACHED, REDIS], ids=["memcached", "redis"])
def test_aReplyUpToThatIsPassedOn(case):
    """However it is cut."""
    grammar, fits, _, small = case
    assert len(fits) <= MOST
    link = linked(grammar)
    for piece in singly(fits + small):
        link.server.dataReceived(piece)
    assert [each.reply for each in link.requests] == [fits, small]


def test_oneValueThatIsTooLargeIsNotPassedOnEither():
    """It may be more than any pool was told to hold."""
    link = linked(MemcacheReplies)
    for piece in singly(b"VALUE k 0 5000\r\n%s\r\nEND\r\n" % (b"v" * 5000)):
        link.server.dataReceived(piece)
    assert link.requests[0].reply == b"SERVER_ERROR reply too large\r\n"


def test_thePartsOfASplitGetAreBoundedToo():
    """What was found of them is thrown away."""
    pool = Pool(servers=2)
    keys = [
        next(
            key
            for key in (b"k%d" % number for number in range(99))
            if pool.router.route(key).rank == rank and found(key)
        )
        for rank in (0, 1)
    ]
    pool.send([b"get %s %s\r\n" % (keys[0] + b" " + keys[0], keys[1])])
    pool.takeAll()
    pipeline = pool.router.pipelines[0]
    pipeline.replyMax = len(block(keys[0]))
    part = pipeline.outQueue[0]
    server = MemcacheReplies(pipeline)
    server.bulk(block(keys[0]), 0)
    assert part.found
    server.bulk(block(keys[0]), 0)
    assert not part.found
    server.bulk(b"END\r\n", 0)
    pool.answer(1)
    assert pool.replies.take() == b"SERVER_ERROR Invalid argument\r\n"


@pytest.mark.parametrize(
    ("grammar", "line"),
    [
        (MemcacheReplies, b"VALUE k 0 %d\r\n" % (VALUE_MAX + 1)),
        (RedisReplies, b"$%d\r\n" % (VALUE_MAX + 1)),
    ],
)
def test_aValueThatNoServerHasEndsTheConnection(grammar, line):
    """It is not waited for."""
    with pytest.raises(BadReply):
        linked(grammar).server.dataReceived(line)


def test_aRedisRequestIsBoundedAsAWhole():
    """Each argument is, and their sum too."""
    settings = Settings(item_size_max=64, request_bytes_max=10 * (ARGUMENT + 64))
    pool = RedisPool(settings)
    pool.send(singly(request([b"DEL", *[b"k" * 64] * 9])))
    assert not pool.replies.ending
    pool.send(singly(request([b"DEL", *[b"k" * 64] * 10])))
    assert pool.replies.ending
    assert pool.outcome().received.endswith(b"-ERR Protocol error: too big request\r\n")
