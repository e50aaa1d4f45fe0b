"""Requests that are repeated when their keys have been dealt to several servers meanwhile."""

from __future__ import annotations

import gc
import itertools
import string
import tracemalloc

import attrs
import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.divided import Divided
from nuttwist.wire.memcache.replies import MemcacheReplies
from nuttwist.wire.redis.resp import array, integer, request
from nuttwist.wire.router import Settings

from .losses import ERROR, RedisRig, Rig, keysOf, manyKeys
from .redis.rig import hasKey, valueOf
from .rig import SMALL, block, found

LARGE = Settings(request_bytes_max=64 << 20)
TINY = list(map(bytes, itertools.product(string.ascii_letters.encode(), repeat=2)))

INVALID = b"SERVER_ERROR Invalid argument\r\n"
FULL = b"SERVER_ERROR out of memory\r\n"


def blocks(keys):
    """What a server that has them all says to a get."""
    return b"".join(map(block, filter(found, keys))) + b"END\r\n"


def get(keys, head=b"get"):
    """A retrieval."""
    return b"%s %s\r\n" % (head, b" ".join(keys))


def asked(keys, **more):
    """A pool of three servers that have been asked for some keys and have not answered."""
    rig = Rig(servers=3, **more)
    rig.send([get(keys)])
    rig.takeAll()
    return rig


def say(rig, rank, data):
    """Have a server say something."""
    MemcacheReplies(rig.router.pipelines[rank]).bulk(data, 0)


def test_thePartOfAnEjectedServerIsSplitAgain():
    """The others have its keys by then; the client gets all values in its order, and no error."""
    keys = manyKeys()[:20]
    rig = asked(keys)
    assert rig.counters.fragments == 3
    rig.lose(0, 1, 2)
    assert rig.replies.take() == b""
    sent = rig.takeAll()
    assert all(each.startswith(b"get key") and each.count(b"\r\n") == 1 for each in sent[1:])
    for rank in (1, 2):
        rig.answer(rank)
    assert rig.replies.take() == blocks(keys)
    assert attrs.astuple(rig.counters) == attrs.astuple(
        attrs.evolve(rig.counters, repeated=1, fragments=5, forward_error=0)
    )


def test_aRequestThatOneServerHadIsSplit():
    """As if the client had sent it later, though a key may be asked for twice."""
    keys = keysOf(Rig(servers=3), 0, 12)
    keys.append(keys[0])
    rig = asked(keys)
    assert len(rig.router.pipelines[0].outQueue) == 1
    rig.lose(0, 1, 2)
    assert rig.answerAll() == blocks(keys)


def test_itKeepsItsPlaceWithTheClient():
    """Replies to what was asked later wait behind it."""
    keys = keysOf(Rig(servers=3), 0, 12)
    rig = asked(keys)
    (later,) = keysOf(rig, 1, 1)
    rig.send([get([later])])
    rig.takeAll()
    rig.answer(1)
    rig.lose(0, 1, 2)
    assert rig.replies.take() == b""
    assert rig.answerAll() == blocks(keys) + blocks([later])


def test_aShareIsRepeatedAndSplitAgain():
    """It counts the attempts of the request that it is a part of."""
    keys = manyKeys()[:30]
    rig = asked(keys, attempts=2)
    rig.lose(0, 1, 2)
    rig.takeAll()
    rig.lose(1, 0, 2)
    assert rig.answerAll() == blocks(keys)
    assert rig.counters.forward_error == 0


@pytest.mark.parametrize("partial", [False, True])
def test_whenTheAttemptsAreUsedUpThereIsOneError(partial):
    """Unless the pool answers with what was found, of a share that has come too."""
    keys = manyKeys()[:20]
    rig = asked(keys, settings=attrs.evolve(SMALL, partial_results=partial))
    rig.lose(0, 1, 2)
    lost = [each.data.split()[1:] for each in rig.router.pipelines[1].inQueue][-1]
    rig.takeAll()
    rig.answer(2)
    parts = rig.router.pipelines[1].outQueue
    say(rig, 1, blocks(parts[0].data.split()[1:]))
    rig.lose(1, 2)
    rig.lose(1, 2)
    rest = [each for each in keys if each not in lost]
    assert rig.answerAll() == (blocks(rest) if partial else ERROR)
    assert rig.counters.forward_error == (0 if partial else 1)


def test_ofTwoFailedSharesTheFirstTells():
    """And the request fails once."""
    keys = keysOf(Rig(servers=3), 0, 12)
    rig = asked(keys)
    rig.lose(0, 1, 2)
    rig.router.pipelines[2].fail("first")
    assert rig.replies.take() == b""
    rig.router.pipelines[1].fail("second")
    assert rig.replies.take() == b"SERVER_ERROR first\r\n"
    assert rig.counters.forward_error == 1


def test_aServersErrorIsTheReplyOfTheWhole():
    """As when one server has all the keys, or as of one part of several."""
    for keys, reply in ((keysOf(Rig(servers=3), 0, 12), FULL), (manyKeys()[:20], INVALID)):
        rig = asked(keys)
        rig.lose(0, 1, 2)
        rig.takeAll()
        pipeline = rig.router.pipelines[1]
        for each in list(pipeline.outQueue)[:-1]:
            say(rig, 1, blocks(each.data.split()[1:]))
        say(rig, 1, FULL)
        rig.answer(2)
        assert rig.replies.take() == reply


def test_gatIsAWrite():
    """It renews what it finds: it is split again as long as nobody has seen it, and else fails."""
    keys = keysOf(Rig(servers=3), 0, 12)
    rig = Rig(servers=3)
    rig.send([get(keys, b"gats 30")])
    rig.lose(0, 1, 2)
    assert all(each.startswith(b"gats 30 key") for each in rig.takeAll()[1:])
    rig.lose(1, 2)
    rig.answer(2)
    assert rig.replies.take() == ERROR


def test_sharesAreAsOldAsTheRequest():
    """The timeout holds over all attempts."""
    rig = asked(keysOf(Rig(servers=3), 0, 12))
    rig.router.now += 3
    rig.lose(0, 1, 2)
    assert [rig.router.pipelines[rank].oldest().since for rank in (1, 2)] == [1000.0, 1000.0]


def test_theRepliesToAClientThatHasLeftAreSwallowed():
    """Nobody else gets them, and no further attempt is made."""
    rig = asked(keysOf(Rig(servers=3), 0, 12), attempts=5)
    rig.lose(0, 1, 2)
    rig.replies.abandon()
    rig.takeAll()
    rig.answer(1)
    rig.lose(2, 1)
    assert not rig.router.pipelines[1].inQueue
    assert rig.counters.repeated == 1


def test_nothingIsLeftForTheGarbageCollector():
    """Shares and what waits for them do not keep each other."""
    gc.collect()
    gc.disable()
    try:
        rig = asked(manyKeys()[:20])
        rig.lose(0, 1, 2)
        rig.answerAll()
        assert {each.oldest() for each in rig.router.pipelines} == {None}
        assert not any(isinstance(each, Divided) for each in gc.get_objects())
    finally:
        gc.enable()


STEPS = st.lists(st.tuples(st.sampled_from(["lose", "answer"]), st.integers(0, 2)), max_size=12)


@given(st.lists(st.sampled_from(manyKeys()[:40]), min_size=1, max_size=12), STEPS)
def test_thereIsOneReplyWhateverHappens(keys, steps):
    """Each key's value once for each time that it was asked for, in the client's order."""
    rig = asked(keys, attempts=20)
    heard = b""
    for what, rank in steps:
        rig.takeAll()
        if what == "lose":
            rig.lose(rank, *{0, 1, 2} - {rank})
        else:
            rig.answer(rank)
        heard += rig.replies.take()
    assert heard + rig.answerAll() == blocks(keys)
    assert rig.answerAll() == b""
    assert rig.counters.forward_error == 0


def redis(*words):
    """A pool of three redis servers that have been asked something and have not answered."""
    rig = RedisRig(servers=3)
    rig.send([request(words)])
    return rig


def test_partsOfRedisReadsAreSplitAgain():
    """The elements of arrays are in the order of the keys, numbers are added."""
    keys = manyKeys()[:20]
    for name, reply in (
        (b"MGET", array([valueOf(each) for each in keys])),
        (b"EXISTS", integer(sum(map(hasKey, keys)))),
    ):
        rig = redis(name, *keys)
        rig.takeAll()
        rig.lose(0, 1, 2)
        assert rig.answerAll() == reply
        assert (rig.counters.forward_error, rig.counters.fragments) == (0, 5)


def test_redisWritesAreSplitAgainIfNobodyHasSeenThem():
    """With the value of each key; what may have been done is not done again."""
    keys = manyKeys()[:20]
    words = [word for each in keys for word in (each, b"of " + each)]
    rig = redis(b"MSET", *words)
    rig.lose(0, 1, 2)
    sent = b"".join(rig.takeAll())
    for each in keys:
        assert sent.count(request([each, b"of " + each])[4:]) == 1
    rig.answer(1)
    rig.lose(2, 1)
    assert rig.answerAll() == b"-ERR unknown\r\n"


def test_aRedisRequestThatCannotBeSplitIsNotRepeated():
    """Its keys are on two servers by then, and none can do it alone."""
    keys = keysOf(RedisRig(servers=3), 0, 12)
    rig = redis(b"SINTER", *keys)
    rig.lose(0, 1, 2)
    assert rig.replies.take() == b"-ERR unknown\r\n"
    assert rig.counters.repeated == 0


def test_aRedisServersErrorIsOneForAll():
    """As when it is split at first."""
    rig = redis(b"EXISTS", *manyKeys()[:20])
    rig.lose(0, 1, 2)
    rig.takeAll()
    rig.say(1, *[b"-LOADING later\r\n"] * len(rig.router.pipelines[1].outQueue))
    rig.answer(2)
    assert rig.replies.take() == b"-ERR Invalid argument\r\n"


def held(rig, *ranks):
    """Bytes that are held more when the first server is out, and at the worst moment of that."""
    gc.collect()
    tracemalloc.start()
    try:
        rig.lose(0, *ranks)
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dialect", ["memcached", "redis"])
def test_veryManyKeysAreNotKeptAsObjects(dialect):
    """What waits for those who have them by then is a few times what is sent to them."""
    keys = list(itertools.islice(itertools.cycle(TINY), 60_000))
    if dialect == "redis":
        rig, data = RedisRig(servers=3, settings=LARGE), request([b"MGET", *keys])
    else:
        rig, data = Rig(servers=3), get(keys)
    rig.send([data])
    part = rig.takeAll()[0]
    assert len(part) > 50_000
    now, peak = held(rig, 1, 2)
    sent = sum(map(len, rig.takeAll()))
    assert len(part) < sent < now < 3 * sent
    assert peak < 30 * len(part)
