"""What every server is asked, and the walk of SCAN from server to server."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.redis.gathers import anyOf, nextCursor
from nuttwist.wire.redis.resp import array, bulk, elements, integer, request

from .rig import SMALL, STRICT, RedisPool, merged, tr, waiting

INVALID = b"-ERR Invalid argument\r\n"


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
