"""Requests for several servers at once: split, merged, and failed as one."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.framing import BadReply
from nuttwist.wire.redis.resp import array, integer, request
from tests.unit.wire.rig import singly

from .rig import RedisPool, hasKey, merged, tr, valueOf, waiting

KEYS = [b"key%d" % each for each in range(12)]
INVALID = b"-ERR Invalid argument\r\n"
REFUSED = b"-ERR Connection refused\r\n"
UNKNOWN = b"-ERR unknown\r\n"

some = st.lists(st.sampled_from(KEYS), min_size=2, max_size=15)


def sharesOf(pool, items):
    """What each server is to be asked of these arguments, by rank."""
    shares = [[] for _ in pool.router.pipelines]
    for item in items:
        shares[pool.router.route(item[0]).rank] += item
    return shares


def asked(name, shares):
    """The requests that make these shares, for the pipelines of both lanes."""
    first = [request([name, *share]) if share else b"" for share in shares]
    return tuple(first + [b""] * len(first))


@given(some, st.integers(1, 5), st.sampled_from([b"MGET", b"mGet"]))
def test_valuesComeInTheOrderOfTheKeysFromAnyNumberOfServers(keys, servers, name):
    """Each server is asked once for its keys, those that are named twice included."""
    outcome = tr(request([name, *keys]), servers=servers)
    shares = sharesOf(RedisPool(servers=servers), [[key] for key in keys])
    assert outcome.sent == asked(b"mget", shares)
    assert outcome.received == array([valueOf(key) for key in keys])
    assert (outcome.errors, outcome.fragments) == (0, sum(map(bool, shares)))


@given(some, st.integers(1, 5), st.sampled_from([b"DEL", b"EXISTS"]))
def test_numbersAreAddedOverAnyNumberOfServers(keys, servers, name):
    """A key that is named twice is counted twice, where the server does so."""
    outcome = tr(request([name, *keys]), servers=servers)
    shares = sharesOf(RedisPool(servers=servers), [[key] for key in keys])
    assert outcome.sent == asked(name.lower(), shares)
    assert outcome.received == integer(sum(map(hasKey, keys)))


@given(some, st.integers(1, 5))
def test_pairsAreSetOnTheirServers(keys, servers):
    """Each server gets its pairs in order, so that of a key named twice the last one stays."""
    pairs = [[key, b"%d" % number] for number, key in enumerate(keys)]
    words = [word for pair in pairs for word in pair]
    outcome = tr(request([b"MSET", *words]), servers=servers)
    assert outcome.sent == asked(b"mset", sharesOf(RedisPool(servers=servers), pairs))
    assert outcome.received == b"+OK\r\n"


@pytest.mark.parametrize("words", [[b"MGET", b"a"], [b"dEl", b"a"], [b"MSET", b"a", b"b"]])
def test_aRequestOfOneKeyGoesAsItCame(words):
    """Byte for byte, and its reply as well."""
    outcome = tr(request(words))
    assert b"".join(outcome.sent) == request(words)
    assert outcome.fragments == 0


#: Two keys on the first of two servers, and one on the second.
TWO = RedisPool(servers=2)
SPREAD = [
    *[key for key in KEYS if TWO.router.route(key).rank == 0][:2],
    *[key for key in KEYS if TWO.router.route(key).rank == 1][:1],
]
GOOD = {
    b"MGET": [b"*2\r\n$-1\r\n$1\r\nx\r\n", b"*1\r\n+y\r\n"],
    b"DEL": [b":2\r\n", b":1\r\n"],
    b"UNLINK": [b":2\r\n", b":1\r\n"],
    b"TOUCH": [b":2\r\n", b":1\r\n"],
    b"EXISTS": [b":2\r\n", b":1\r\n"],
    b"MSET": [b"+OK\r\n", b"+OK\r\n"],
}


def spread(name):
    """A command over all these keys."""
    width = 2 if name == b"MSET" else 1
    return [name, *(word for key in SPREAD for word in [key] * width)]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize(
    "bad",
    [
        b"-ERR no\r\n",
        b"-OOM no\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*3\r\n:1\r\n:1\r\n:1\r\n",
        b"$2\r\nOK\r\n",
        b"$-1\r\n",
        None,
    ],
)
def test_aPartOfAnotherKindMakesOneErrorOfTheWhole(name, rank, bad):
    """Nothing of the good part shows, and the connection stays in step."""
    replies = list(GOOD[name])
    replies[rank] = bad or (b":1\r\n" if name in (b"MGET", b"MSET") else b"+OK\r\n")
    assert merged(GOOD[name], *spread(name))[1] == 0
    assert merged(replies, *spread(name)) == (INVALID, 1)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["Connection refused", None], REFUSED),
        ([None, "Connection refused"], REFUSED),
        (["unknown", "Connection refused"], REFUSED),
        (["unknown", "unknown"], UNKNOWN),
        (["Connection refused", "Connection timed out"], REFUSED),
    ],
)
def test_aLostPartMakesOneErrorOfTheWhole(name, texts, line):
    """That of the first server in order, but one that says nothing hides no other."""
    pool = waiting(*spread(name), servers=2)
    for rank in (1, 0):
        if texts[rank]:
            pool.router.pipelines[rank].fail(texts[rank])
        else:
            pool.say(rank, GOOD[name][rank])
    assert pool.replies.take() == line
    assert pool.counters.forward_error == 1


def test_theSumOfAClientThatHasGoneIsSwallowed():
    """The parts run their course on connections that others share."""
    pool = waiting(*spread(b"MGET"), servers=2)
    pool.replies.abandon()
    pool.say(1, GOOD[b"MGET"][1])
    pool.router.pipelines[0].fail("unknown")
    assert pool.replies.take() == b""
    assert pool.counters.forward_error == 0
    assert pool.router.batches == [0, 0]


def test_aPassingTroubleOfAPartCountsOnceForItsServer():
    """The whole is an error; the other server has done well."""
    pool = waiting(*spread(b"DEL"), servers=2)
    pool.say(0, b"-OOM no\r\n")
    pool.say(1, b":1\r\n")
    assert pool.router.troubles == [1, 0]
    assert pool.router.batches == [0, 1]


@pytest.mark.parametrize(
    "words",
    [
        [b"GET", KEYS[0]],
        [b"gEt", KEYS[0]],
        [b"MGET", *KEYS],
        [b"DBSIZE"],
        [b"SCAN", b"0"],
        [b"OBJECT", b"HELP"],
    ],
)
def test_aClientThatFeedsACrowdedServerIsNoted(words):
    """However its request goes."""
    pool = RedisPool(servers=1)
    pool.send([request(words)])
    assert pool.grammar.feeding is None
    pool.router.pipelines[0].crowded = True
    pool.send([request(words)])
    assert pool.grammar.feeding is pool.router.pipelines[0]


@pytest.mark.parametrize("stray", [b":1\r\n", b"+"])
def test_aStrayReplyOfAPartEndsTheConnection(stray):
    """Pairing by order is lost, for whole requests and parts alike."""
    pool = waiting(*spread(b"DEL"), servers=2)
    with pytest.raises(BadReply):
        pool.say(0, GOOD[b"DEL"][0] + stray)
    pool.say(1, GOOD[b"DEL"][1])
    assert pool.replies.take() == b":3\r\n"


def test_partsThatDribbleMergeTheSame():
    """Byte by byte from both servers."""
    pool = waiting(*spread(b"MGET"), servers=2)
    for rank, reply in enumerate(GOOD[b"MGET"]):
        pool.say(rank, *singly(reply))
    assert pool.replies.take() == array([b"$-1\r\n", b"$1\r\nx\r\n", b"+y\r\n"])
