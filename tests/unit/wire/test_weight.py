"""What requests take in memory until they are answered, and what that means to their client."""

from __future__ import annotations

import pytest

from nuttwist.wire.counters import PoolCounters
from nuttwist.wire.memcache.gathers import KEY
from nuttwist.wire.memcache.manykeys import MANY
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.redis import gathers
from nuttwist.wire.redis.resp import request
from nuttwist.wire.replyqueue import BUDGET, ReplyQueue
from nuttwist.wire.request import BLOCK, Request
from nuttwist.wire.router import Settings

from .redis.rig import RedisPool
from .rig import FakeSink, Pool, block, found

MEBIBYTE = 1 << 20

#: Enough to be packed, in two places each.
KEYS = [b"k%d" % number for number in range(MANY)] * 2


def keyOf(pool, rank):
    """A key that is found on one server."""
    keys = (b"k%d" % number for number in range(99))
    return next(key for key in keys if found(key) and pool.router.route(key).rank == rank)


def test_aRequestWeighsWhatIsHeldForIt():
    """Its own bytes, and those of the reply as far as it has come, with what is around a block."""
    queue = ReplyQueue(FakeSink(), PoolCounters())
    asked = Request(queue, b"12345", 0.0, found={b"k": b"123"})
    assert asked.weight() == 8 + BLOCK
    asked.reply = b"12"
    assert asked.weight() == 10 + BLOCK


def test_aSplitRequestWeighsWhatIsHeldForIt():
    """That of its parts and its keys, or of the sum when it is there."""
    pool = Pool(servers=2)
    keys = [keyOf(pool, rank) for rank in (0, 1)]
    pool.send([b"get %s %s\r\n" % tuple(keys)])
    asked = sum(map(len, pool.takeAll())) + 2 * KEY
    assert pool.replies.weight() == asked
    assert pool.replies.weighAt == BUDGET - 2 * KEY
    pool.answer(0)
    assert pool.replies.weight() == asked + BLOCK + len(block(keys[0]) + b"END\r\n")
    pool.send([b"get %s %s\r\n" % tuple(keys)])
    pool.takeAll()
    (first, second) = pool.replies.waiting
    pool.answer(0)
    pool.answer(1)
    assert first.weight() == 2 * KEY + len(block(keys[0]) + block(keys[1]) + b"END\r\n")
    assert second.weight() == first.weight()


def test_aSplitRequestOfRedisWeighsItsKeysToo():
    """Their order is kept until it is answered."""
    pool = RedisPool()
    keys = [b"k%d" % number for number in range(20)]
    pool.send([request([b"MGET", *keys])])
    asked = sum(map(len, pool.takeAll()))
    assert pool.replies.weight() == asked + 20 * gathers.KEY


def test_manyKeysTakeAFewBytesEach():
    """A request of so many is kept in a form that is a small multiple of its bytes."""
    pool = Pool()
    line = b"get " + b" ".join(KEYS) + b"\r\n"
    pool.send([line])
    assert pool.replies.weight() < 2 * len(line) + 4 * len(KEYS) + 64
    assert pool.replies.weighAt < BUDGET - len(line)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_manyKeysAreAnsweredInTheOrderOfTheRequest(order):
    """Each as often as it was asked for."""
    pool = Pool()
    pool.send([b"get " + b" ".join(KEYS) + b"\r\n"])
    pool.takeAll()
    for rank in order:
        assert pool.replies.take() == b""
        pool.answer(rank)
    assert pool.replies.take() == b"".join(block(key) for key in KEYS if found(key)) + b"END\r\n"


@pytest.mark.parametrize("partial", [False, True])
def test_ofManyKeysAPartMayFail(partial):
    """As of few."""
    pool = Pool(Settings(partial_results=partial))
    pool.send([b"get " + b" ".join(KEYS) + b"\r\n"])
    pool.takeAll()
    pool.router.pipelines[1].fail("Connection refused")
    pool.answer(0)
    pool.answer(2)
    there = [key for key in KEYS if found(key) and pool.router.route(key).rank != 1]
    whole = b"".join(map(block, there)) + b"END\r\n"
    assert pool.replies.take() == (whole if partial else b"SERVER_ERROR Connection refused\r\n")


@pytest.mark.parametrize(("size", "events"), [(MEBIBYTE, 4), (1, 64)])
def test_whatComesOfASplitRequestIsWeighedNowAndThen(size, events):
    """Also while nothing can leave: one server has answered much, the other nothing."""
    pool = Pool(servers=2)
    keys = [keyOf(pool, rank) for rank in (0, 1)]
    say = MemcacheReplies(pool.router.pipelines[0]).bulk
    for _ in range(events):
        assert pool.sink.woken == 0
        pool.replies.room = 100
        pool.send([b"get %s %s\r\n" % tuple(keys)])
        pool.takeAll()
        say(b"VALUE %s 0 %d\r\n%s\r\n" % (keys[0], size, b"v" * size), 0)
        say(b"END\r\n", 0)
    assert pool.sink.woken == 1
    assert pool.replies.take() == b""
    assert pool.replies.blocked > (events - 1) * size


def test_whatComesOfASplitRequestOfRedisIsWeighedToo():
    """An array that comes in pieces, and one of many that comes at once."""
    pool = RedisPool(Settings(), servers=2)
    keys = [b"k%d" % number for number in range(10)]
    value = b"$1000000\r\n%s\r\n" % (b"v" * 1_000_000)
    for _ in range(2):
        pool.send([request([b"MGET", *keys])])
        pool.takeAll()
        own = sum(pool.router.route(key) is pool.pipelines[0] for key in keys)
        pool.say(0, b"*%d\r\n" % own, *[value] * own)
    assert pool.sink.woken > 0
    assert pool.replies.take() == b""
    assert pool.replies.blocked > own * 1_000_000
