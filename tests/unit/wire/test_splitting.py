"""Requests for several servers at once: split, merged, and failed as one."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.net.lines import ChunkReceiver
from nuttwist.wire.framing import BadReply
from nuttwist.wire.gather import Gather
from nuttwist.wire.memcache.gathers import Retrieval
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.router import Settings

from .rig import Pool, block, found, tr

PARTIAL = Settings(partial_results=True, flush_all=True)
KEYS = [b"key%d" % each for each in range(12)]
ASK = b"get " + b" ".join(KEYS) + b"\r\n"


def keysOf(pool, rank):
    """Which of the keys one server has."""
    return [key for key in KEYS if pool.router.route(key).rank == rank]


def say(pool, rank, data):
    """Have one server say something."""
    MemcacheReplies(pool.router.pipelines[rank]).bulk(data, 0)


@pytest.mark.parametrize("verb", [b"get ", b"gets ", b"gat 60 ", b"gats -1 "])
def test_eachServerGetsItsKeysAndTheAnswerIsInTheOrderOfTheRequest(verb):
    """Each key is followed by one blank; values come in request order with one END."""
    outcome = tr(verb.replace(b" ", b"  ") + b" ".join(KEYS) + b"\r\n")
    pool = Pool()
    assert outcome.sent == tuple(
        verb + b" ".join(keysOf(pool, rank)) + b" \r\n" for rank in range(3)
    )
    assert outcome.received == b"".join(block(key) for key in KEYS if found(key)) + b"END\r\n"
    assert outcome.fragments == 3
    assert outcome.errors == 0


@given(
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=15),
    st.sets(st.sampled_from(KEYS)),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_eachKeyIsAnsweredAtMostOncePerPlaceInRequestOrder(keys, missing, random, servers):
    """Whatever the servers' order, misses, surplus blocks and repetitions."""
    pool = Pool(servers=servers)
    pool.send([b"get " + b" ".join(keys) + b"\r\n"])
    pool.takeAll()
    asked = [pipeline for pipeline in pool.router.pipelines if pipeline.outQueue]
    random.shuffle(asked)
    for pipeline in asked:
        assert pool.replies.take() == b""
        own = [key for key in keys if pool.router.route(key) is pipeline and key not in missing]
        if len(asked) > 1:
            own = [*own, *own[:1], b"surplus", b"surplus%d" % pipeline.rank]
            random.shuffle(own)
        data = b"".join(map(block, own)) + b"END\r\n"
        link = MemcacheReplies(pipeline)
        at = link.bulk(data[: len(data) // 2], 0)
        link.bulk(data[at:], 0)
    expected = b"".join(block(key) for key in keys if key not in missing)
    assert pool.replies.take() == expected + b"END\r\n"


def test_keysOfOneServerAreNotSplit():
    """Then the server does it all, and its bytes pass unchanged."""
    pool = Pool()
    keys = keysOf(pool, 1)
    assert len(keys) > 1
    outcome = tr(b"get  " + b" ".join(keys) + b" \r\n")
    assert outcome.sent == (b"", b"get  " + b" ".join(keys) + b" \r\n", b"")
    assert outcome.fragments == 0


@pytest.mark.parametrize(
    ("troubles", "told"),
    [
        ({0: "Connection refused"}, b"Connection refused"),
        ({2: "Connection refused", 1: "Connection timed out"}, b"Connection timed out"),
        ({0: "unknown", 2: "Connection refused"}, b"Connection refused"),
        ({0: "unknown", 1: "unknown"}, b"unknown"),
        ({0: None}, b"Invalid argument"),
        ({0: None, 2: "Connection refused"}, b"Invalid argument"),
        ({0: "Connection refused", 2: None}, b"Connection refused"),
        ({0: "unknown", 2: None}, b"Invalid argument"),
    ],
)
def test_oneFailedPartFailsTheWholeWithOneLine(troubles, told):
    """It tells the first reason in the order of the servers that says something."""
    pool = Pool()
    pool.send([ASK + b"mn\r\n"])
    pool.takeAll()
    for rank in (2, 1, 0):
        trouble = troubles.get(rank, "")
        if trouble:
            pool.router.pipelines[rank].fail(trouble)
        else:
            say(pool, rank, b"END\r\n" if trouble == "" else b"SERVER_ERROR busy\r\n")
    assert pool.replies.take() == b"SERVER_ERROR " + told + b"\r\nMN\r\n"
    assert pool.counters.forward_error == 1


def test_partialResultsAreWhatWasFoundThoughAPartFailed():
    """Only when no part was answered there is an error."""
    pool = Pool(PARTIAL)
    pool.send([ASK])
    pool.takeAll()
    pool.answer(0)
    say(pool, 1, b"ERROR\r\n")
    pool.router.pipelines[2].fail("Connection refused")
    own = [key for key in keysOf(pool, 0) if found(key)]
    assert own
    assert pool.replies.take() == b"".join(map(block, own)) + b"END\r\n"
    assert pool.counters.forward_error == 0
    pool.send([ASK])
    for pipeline in pool.router.pipelines:
        pipeline.fail("Connection refused")
    assert pool.replies.take() == b"SERVER_ERROR Connection refused\r\n"
    assert pool.counters.forward_error == 1


def test_aSplitRequestOfAClientThatHasGoneDisturbsNobody():
    """Its parts are answered or failed into the void."""
    pool = Pool()
    pool.send([ASK])
    pool.takeAll()
    pool.answer(0)
    pool.replies.abandon()
    woken = pool.sink.woken
    pool.answer(1)
    pool.router.pipelines[2].fail("unknown")
    assert pool.sink.woken == woken
    assert pool.counters.forward_error == 0
    assert not pool.replies.waiting


def test_aClientThatGoesAsItsLastPartArrivesIsNotTold():
    """The sum is made, and nobody is woken for it."""
    pool = Pool(servers=1)
    gather = Retrieval(pool.replies, partial=False)
    gather.missing = 1
    pool.replies.abandon()
    gather.settle()
    assert gather.reply == b"END\r\n"
    assert pool.sink.woken == 0


def test_howPartsAreMergedIsForTheDialectToSay():
    """A plain gather has no sum."""
    with pytest.raises(NotImplementedError):
        Gather(Pool().replies).merged()


def test_flushAllGoesToEveryServerAndIsAnsweredOnce():
    """Byte for byte, with its delay."""
    for line in (b"flush_all\r\n", b"flush_all 0\r\n", b"flush_all  -1 \r\n"):
        outcome = tr(line)
        assert outcome.sent == (line, line, line)
        assert outcome.received == b"OK\r\n"
        assert outcome.fragments == 3


def test_aFlushThatAServerDidNotDoNamesTheServer():
    """The first in the order of the servers, with what it said or why it could not."""
    pool = Pool(PARTIAL)
    pool.send([b"flush_all\r\n"])
    pool.takeAll()
    say(pool, 2, b"ERROR\r\n")
    pool.router.pipelines[1].fail("Connection refused")
    say(pool, 0, b"OK\r\n")
    assert pool.replies.take() == b"SERVER_ERROR server1: Connection refused\r\n"
    pool.send([b"flush_all\r\n"])
    pool.takeAll()
    say(pool, 1, b"OK\r\n")
    say(pool, 2, b"OK\r\n")
    say(pool, 0, b"CLIENT_ERROR flush_all not allowed\r\n")
    assert pool.replies.take() == b"SERVER_ERROR server0: CLIENT_ERROR flush_all not allowed\r\n"
    assert pool.counters.forward_error == 2


@pytest.mark.parametrize("garbage", [b"\0\r\n", b"\0 1\r\nx\r\n"])
def test_aFlushIsNotAnsweredByAnythingThatLooksLikeAValue(garbage):
    """There are no values among acknowledgements: the connection has to go."""
    for size in (1, len(garbage)):
        pool = Pool(PARTIAL, servers=1)
        pool.send([b"flush_all\r\n"])
        pool.takeAll()
        link = ChunkReceiver(MemcacheReplies(pool.router.pipelines[0]))
        with pytest.raises(BadReply):
            list(map(link.dataReceived, (garbage[:size], garbage[size:])))


def test_aCrowdedPipelineHoldsBackWhoeverFeedsIt():
    """Whatever the command: a set, a rare one, a part of a split get, or of a flush."""
    for data in (
        b"get key0\r\n",
        b"set key0 0 0 1\r\nx\r\n",
        b"add key0 0 0 1 noreply\r\nx\r\n",
        ASK,
        b"flush_all\r\n",
        b"flush_all noreply\r\n",
    ):
        pool = Pool(PARTIAL)
        crowded = pool.router.route(b"key0")
        pool.send([data])
        assert pool.grammar.feeding is None
        crowded.crowded = True
        pool.router.crowded = 1
        pool.send([data])
        assert pool.grammar.feeding is crowded


def test_whoFeedsOtherPipelinesIsNotHeldBack():
    """A crowd at one server does not slow the clients of the others."""
    pool = Pool(PARTIAL)
    keys = keysOf(pool, 1)
    pool.router.pipelines[0].crowded = True
    pool.router.crowded = 1
    pool.send([b"get %s\r\ngets %s\r\nget %s %s\r\n" % (*keys[:2], *keys[:2])])
    other = keysOf(pool, 2)[0]
    pool.send([b"get %s %s\r\n" % (keys[0], other)])
    assert pool.grammar.feeding is None
