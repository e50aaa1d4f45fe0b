"""Requests for several servers at once: split, merged, and failed as one."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.framing import BadReply
from nuttwist.wire.redis.gathers import anyOf, nextCursor
from nuttwist.wire.redis.resp import array, bulk, elements, integer, request
from tests.unit.wire.rig import singly

from .rig import SMALL, STRICT, RedisPool, hasKey, tr, valueOf

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


def waiting(*words, servers=3, settings=SMALL):
    """A pool whose servers have been asked something and have not answered."""
    pool = RedisPool(settings, servers)
    pool.send([request(words)])
    pool.takeAll()
    return pool


def merged(replies, *words):
    """What becomes of a request when the servers reply this, in order of rank."""
    pool = waiting(*words, servers=len(replies))
    for rank, reply in reversed(list(enumerate(replies))):
        assert pool.replies.take() == b""
        pool.say(rank, reply)
    return pool.replies.take(), pool.counters.forward_error


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
        b"*1\r\n*1\r\n:1\r\n:2\r\n"[:-4],
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
    if name == b"MGET" and rank == 1 and replies[1].startswith(b"*1"):
        replies[1] = b"*2\r\n:1\r\n:2\r\n"
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


# -- the whole fleet


@pytest.mark.parametrize(
    ("words", "replies", "whole"),
    [
        ([b"DBSIZE"], [b":3\r\n", b":0\r\n", b":4\r\n"], b":7\r\n"),
        ([b"DBSIZE"], [b":3\r\n", b"+OK\r\n", b":4\r\n"], INVALID),
        (
            [b"KEYS", b"*"],
            [b"*1\r\n$1\r\na\r\n", b"*0\r\n", b"*1\r\n+b\r\n"],
            b"*2\r\n$1\r\na\r\n+b\r\n",
        ),
        ([b"KEYS", b"*"], [b"*0\r\n", b"$-1\r\n", b"*0\r\n"], INVALID),
        ([b"RANDOMKEY"], [b"$-1\r\n", b"$1\r\na\r\n", b"$-1\r\n"], b"$1\r\na\r\n"),
        ([b"RANDOMKEY"], [b"$-1\r\n", b"$-1\r\n", b"$-1\r\n"], b"$-1\r\n"),
        (
            [b"SCRIPT", b"EXISTS", b"a", b"b"],
            [b"*2\r\n:1\r\n:1\r\n", b"*2\r\n:1\r\n:0\r\n", b"*2\r\n:1\r\n:1\r\n"],
            b"*2\r\n:1\r\n:0\r\n",
        ),
        (
            [b"SCRIPT", b"EXISTS", b"a", b"b"],
            [b"*2\r\n:1\r\n:1\r\n", b"*1\r\n:1\r\n", b"*2\r\n:1\r\n:1\r\n"],
            INVALID,
        ),
        ([b"SCRIPT", b"FLUSH"], [b"+OK\r\n"] * 3, b"+OK\r\n"),
        ([b"FLUSHALL"], [b"+OK\r\n"] * 3, b"+OK\r\n"),
        (
            [b"FLUSHDB"],
            [b"+OK\r\n", b"-READONLY no writes\r\n", b"-ERR x\r\n"],
            b"-READONLY server1: no writes\r\n",
        ),
        ([b"DBSIZE"], [b":1\r\n", b"-LOADING\r\n", b":1\r\n"], b"-LOADING server1: \r\n"),
    ],
)
def test_theFleetAnswersAsOne(words, replies, whole):
    """One answer, or one error that names the server that went wrong."""
    errors = int(whole.startswith(b"-"))
    assert merged(replies, *words) == (whole, errors)


def test_aLostServerIsNamed():
    """In the error for what every server was asked, and for a step of a walk."""
    for words, name in (([b"DBSIZE"], b"server2"), ([b"SCAN", b"2"], b"server2")):
        pool = waiting(*words)
        pool.router.pipelines[2].fail("Connection refused")
        for rank in (0, 1):
            if pool.router.pipelines[rank].outQueue:
                pool.say(rank, b":1\r\n")
        assert pool.replies.take() == b"-ERR %s: Connection refused\r\n" % name
        assert pool.counters.forward_error == 1


def test_everyServerIsAskedTheSame():
    """The client's own bytes, on the first lane."""
    outcome = tr(request([b"dbsize"]))
    assert outcome.sent == (request([b"dbsize"]),) * 3 + (b"",) * 3
    assert outcome.received == b":6\r\n"
    assert tr(request([b"script", b"exists", b"a", b"b"])).received == array([integer(0)] * 2)


def test_flushingIsOffUnlessAllowed():
    """The error names the setting, and nothing is sent; twemproxy's way is to hang up."""
    outcome = tr(request([b"FLUSHALL"]), attrs.evolve(SMALL, flush_all=False))
    assert b"FLUSHALL" in outcome.received
    assert b"flush_all: true" in outcome.received
    assert not any(outcome.sent)
    assert tr(request([b"FLUSHDB"]), attrs.evolve(STRICT, flush_all=False)).ending


def test_aRandomKeyMayComeFromAnyServer():
    """RESP3's null is none either."""
    replies = [b"_\r\n", b"$1\r\na\r\n", b"$1\r\nb\r\n"]
    assert {anyOf(replies) for _ in range(100)} == {b"$1\r\na\r\n", b"$1\r\nb\r\n"}


# -- SCAN


class Walk:
    """A walk over servers that answer with as many steps as their numbers say."""

    def __init__(self, steps: list[list[tuple[int, list[bytes]]]]) -> None:
        self.steps = steps
        self.pool = RedisPool(servers=len(steps))
        self.cursors = []

    def answerTo(self, rank):
        """What the server says to the step that it is asked for."""
        (asked,) = self.pool.router.pipelines[rank].outQueue
        _, _, verb, _, cursor, *_rest = asked.data.split(b"\r\n")
        assert verb == b"SCAN"
        positions = [0, *(cursor for cursor, _ in self.steps[rank])]
        cursor, found = self.steps[rank][positions.index(int(cursor))]
        return array([bulk(b"%d" % cursor), array([bulk(each) for each in found])])

    def step(self, cursor):
        """Ask for one step: the next cursor, and what was found."""
        self.pool.send([request([b"SCAN", cursor, b"COUNT", b"5"])])
        self.pool.takeAll()
        (rank,) = [each.rank for each in self.pool.router.pipelines if each.outQueue]
        self.pool.say(rank, self.answerTo(rank))
        after, found = elements(self.pool.replies.take())
        return after.split(b"\r\n")[1], elements(found)


@given(
    st.lists(
        st.lists(st.integers(1, 2**52 - 1), max_size=4, unique=True).flatmap(
            lambda cursors: st.tuples(
                *(
                    st.tuples(st.just(cursor), st.lists(st.binary(max_size=4), max_size=3))
                    for cursor in [*cursors, 0]
                )
            ).map(list)
        ),
        min_size=1,
        max_size=5,
    )
)
def test_aWalkSeesEveryElementOfEveryServer(steps):
    """The cursors are plain decimal numbers of 64 bits, and 0 comes at the end only."""
    walk = Walk(steps)
    cursor, seen = b"0", []
    for number in range(1, 1 + sum(map(len, steps))):
        cursor, found = walk.step(cursor)
        seen += found
        assert cursor == b"%d" % int(cursor)
        assert int(cursor) < 2**64
        assert (cursor == b"0") == (number == sum(map(len, steps)))
    assert seen == [bulk(each) for server in steps for _, found in server for each in found]


@pytest.mark.parametrize(
    "cursor",
    [b"x", b"", b"-1", b"3", b"4095", b"18446744073709551616", b"1.5", b"99999999999999999999"],
)
def test_anInvalidCursorIsRefused(cursor):
    """In redis's words, and nothing is sent: among them those of servers that there are not."""
    outcome = tr(request([b"SCAN", cursor]))
    assert outcome.received == b"-ERR invalid cursor\r\n"
    assert not any(outcome.sent)
    assert tr(request([b"SCAN", cursor]), STRICT).ending


def test_theStepIsAskedOfTheServerThatTheCursorTells():
    """With the server's own cursor, and all options as they came."""
    outcome = tr(request([b"scan", b"%d" % (77 * 4096 + 1), b"match", b"a*"]))
    assert outcome.sent[1] == request([b"scan", b"77", b"match", b"a*"])
    assert outcome.received == array([bulk(b"2"), array([bulk(b"key1")])])


@pytest.mark.parametrize(
    "reply",
    [
        b"+OK\r\n",
        b"*-1\r\n",
        b"*1\r\n$1\r\n0\r\n",
        b"*3\r\n$1\r\n0\r\n*0\r\n*0\r\n",
        b"*2\r\n$1\r\nx\r\n*0\r\n",
        b"*2\r\n$-1\r\n*0\r\n",
        b"*2\r\n:0\r\n*0\r\n",
        b"*2\r\n$2\r\n-1\r\n*0\r\n",
        b"*2\r\n$16\r\n4503599627370496\r\n*0\r\n",
    ],
)
def test_aStepThatIsNoneIsAnError(reply):
    """And a cursor too large to be told together with its server."""
    assert merged([reply], b"SCAN", b"0") == (INVALID, 1)


def test_aServersOwnErrorToAStepPassesAsItIs():
    """It is about what was asked."""
    assert merged([b"-ERR syntax error\r\n"], b"SCAN", b"0", b"FOO") == (
        b"-ERR syntax error\r\n",
        0,
    )


def test_theLargestCursorHas64Bits():
    """That of the last position on the last server."""
    assert nextCursor(2**52 - 1, 4095, 4096) == 2**64 - 1
    assert nextCursor(0, 4095, 4096) == 0
    assert nextCursor(0, 1, 3) == 2


# -- holding back


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
        assert len(singly(reply)) == len(reply)
        pool.say(rank, reply)
    assert pool.replies.take() == array([b"$-1\r\n", b"$1\r\nx\r\n", b"+y\r\n"])
