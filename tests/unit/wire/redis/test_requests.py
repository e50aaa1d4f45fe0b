"""A client's bytes, and what becomes of them: sent on, answered, or refused and why."""

from __future__ import annotations

import attrs
import pytest

from nuttwist.wire.redis.heads import HEADS
from nuttwist.wire.redis.resp import array, bulk, integer, request
from nuttwist.wire.replyqueue import FIRST
from nuttwist.wire.router import Settings
from tests.unit.wire.rig import singly

from .rig import SMALL, STRICT, RedisPool, tr

PING = request([b"PING"])

PONG = b"+PONG\r\n"


@pytest.mark.parametrize("data", [b"*0\r\n", b"*-1\r\n", b"*-77\r\n", b"\r\n", b"  \t \r\n"])
def test_aRequestOfNothingIsPassedOver(data):
    """As in redis; twemproxy hangs up."""
    outcome = tr(data + PING)
    assert (outcome.received, outcome.ending) == (PONG, False)
    assert tr(data + PING, STRICT).received == b""


def test_nothingOfARequestIsKeptWhenItIsSent():
    """An idle client costs no more for what it once said."""
    pool = RedisPool()
    pool.send(singly(request([b"SET", b"a", b"x" * 60])))
    grammar = pool.grammar
    assert not grammar._args + grammar._pieces + grammar._raw


@pytest.mark.parametrize(
    "data",
    [
        request([b"GET", b"a"]),
        request([b"get", b""]),
        request([b"GeT", b"\r\n$1\r\n"]),
        request([b"SET", b"a", b"*1\r\n", b"EX", b"1"]),
        request([b"ZADD", b"a", *[b"1"] * 20]),
        request([b"EVAL", b"x", b"1", b"a", b"b"]),
        request([b"SINTER", b"a", b"a"]),
        request([b"XADD", b"a", b"*", b"f", b"v"]),
        request([b"OBJECT", b"HELP"]),
        request([b"EVAL", b"return 1", b"0"]),
    ],
)
def test_aRequestGoesToAServerAsItCame(data):
    """Byte for byte, to the server of its key, once."""
    outcome = tr(data + data)
    assert b"".join(outcome.sent) == data + data
    assert bulk(data) in outcome.received
    assert (outcome.ending, outcome.errors, outcome.fragments) == (False, 0, 0)


def test_anInlineRequestGoesToAServerAsAnArray():
    """Servers hear one form only; words may be quoted."""
    outcome = tr(b'  set  \'it\\\'s\' "a\\x41\\n\\"\\g" x"y z"\r\n')
    assert b"".join(outcome.sent) == request([b"set", b"it's", b'aA\n"g', b"xy z"])
    assert tr(b"PING\r\n").received == PONG
    assert tr(b"PING\r\n", STRICT) == attrs.evolve(
        tr(b"PING\r\n"), received=b"", ending=True, fault=True
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            [b"nonsense", b"a"],
            b"-ERR unknown command 'nonsense', with args beginning with: 'a' \r\n",
        ),
        ([b""], b"-ERR unknown command '', with args beginning with: \r\n"),
        ([b"GET"], b"-ERR wrong number of arguments for 'get' command\r\n"),
        ([b"GET", b"a", b"b"], b"-ERR wrong number of arguments for 'get' command\r\n"),
        ([b"MSET", b"a"], b"-ERR wrong number of arguments for 'mset' command\r\n"),
        ([b"MSET", b"a", b"b", b"c"], b"-ERR wrong number of arguments for 'mset' command\r\n"),
        ([b"EVAL", b"x", b"-1"], b"-ERR Number of keys can't be negative\r\n"),
        ([b"ZUNION", b"0", b"a"], b"-ERR at least 1 input key is needed for 'zunion' command\r\n"),
    ],
)
def test_aWrongRequestIsAnsweredInRedissWordsAndTheConnectionStays(words, line):
    """Nothing is sent. The strict hang up, but where twemproxy lets the server answer."""
    outcome = tr(request(words) + PING)
    assert (outcome.received, outcome.ending) == (line + PONG, False)
    assert not any(outcome.sent)
    strict = tr(request(words) + PING, STRICT)
    assert strict.ending == (words != [b"MSET", b"a"])


@pytest.mark.parametrize(
    "name", [b"MULTI", b"WATCH a", b"subscribe a", b"BLPOP a 1", b"CLUSTER INFO"]
)
def test_whatIsNotSupportedIsNamed(name):
    """The connection stays, but for the strict."""
    outcome = tr(request(name.split()) + PING)
    assert outcome.received.startswith(b"-ERR ")
    assert name.split()[0].upper() in outcome.received
    assert outcome.received.endswith(PONG)
    assert tr(request(name.split()) + PING, STRICT).received == b""


@pytest.mark.parametrize("settings", [SMALL, STRICT])
def test_keysOnTwoServersAreNamed(settings):
    """Two of them, and the way out; nothing is sent, and nobody hangs up over it."""
    keys = [b"a", b"b", b"c", b"k" * 60]
    route = RedisPool().router.route
    (other,) = [key for key in keys[1:] if route(key) is not route(b"a")][:1]
    outcome = tr(request([b"SINTER", b"a", other]), settings)
    assert outcome.received.startswith(b"-CROSSSLOT 'sinter' needs all its keys on one server")
    assert b"'a'" in outcome.received
    assert other[:37] in outcome.received
    assert b"hash_tag" in outcome.received
    assert not any(outcome.sent)
    assert not outcome.ending
    long = tr(request([b"SINTER", b"k" * 60, *keys]), settings).received
    assert b"'%s...'" % (b"k" * 37) in long


def test_connectionsOfOneServerAreOneServer():
    """With several connections, its keys may be on different ones."""
    pool = RedisPool(servers=3)
    for pipeline in pool.router.pipelines:
        pipeline.counters = pool.router.pipelines[0].counters
    pool.send([request([b"SINTER", b"a", b"b", b"c", b"d", b"e"])])
    assert b"".join(pool.takeAll()) == request([b"SINTER", b"a", b"b", b"c", b"d", b"e"])


def test_nothingBehindAQuitIsRead():
    """It is answered OK behind what is owed, and the connection closes without a fault."""
    outcome = tr(request([b"GET", b"a"]) + request([b"QUIT"]) + b"*x\r\n" + PING)
    assert outcome.received.endswith(b"+OK\r\n")
    assert outcome.received.count(b"+OK\r\n") == 1
    assert (outcome.ending, outcome.fault) == (True, False)


def test_theServerConnectionIsWokenOnceForManyRequests():
    """And what has been routed is remembered."""
    pool = RedisPool(servers=1)
    pool.send([request([b"GET", b"a"]) * 5])
    (pipeline,) = pool.router.pipelines
    assert pipeline.sink.woken == 1
    assert pool.router.routes == {b"a": pipeline}
    assert len(pool.replies.waiting) == 5


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 5000])
def test_anArgumentOfAnySizeIsTakenWithItsChunk(size):
    """Usual lengths are looked up and others read; both ways the request is whole."""
    pool = RedisPool(settings=Settings(), servers=1)
    whole = request([b"SET", b"k", b"v" * size])
    assert pool.grammar.bulk(whole, 0) == len(whole)
    assert b"".join(pool.takeAll()) == whole


def test_aClientThatIsOwedMuchIsNotReadFurther():
    """Of a long pipeline so many requests are taken as may be outstanding, and the rest stays."""
    pool = RedisPool(servers=1)
    get = request([b"GET", b"a"])
    assert pool.grammar.bulk(get * 2 * FIRST, 0) == len(get) * FIRST
    assert len(pool.replies.waiting) == FIRST


def test_aHeadIsNotTakenForOneThatIsCut():
    """Whatever stood before it in the chunk."""
    for head in (b"*2\r\n$3\r\nget", b"*2\r\n$3\r\nGET"):
        assert head in HEADS
        pool = RedisPool()
        pool.send([b"x$3\r\nabc\r\n" + head + b"\r"])
        assert not pool.replies.ending
        pool.send([b"\n$1\r\na\r\n"])
        assert b"".join(pool.takeAll()) == head + b"\r\n$1\r\na\r\n"
    assert max(map(len, HEADS)) < 61


def test_helloSwitchesTheLane():
    """To the connections that speak RESP3, and back with HELLO 2 or RESET."""
    get = request([b"GET", b"a"])
    for back in ([b"HELLO", b"2"], [b"RESET"]):
        said = [get, request([b"HELLO", b"3"]), get, get, request(back), get]
        for pieces in ([b"".join(said)], singly(b"".join(said))):
            pool = RedisPool(servers=1)
            pool.send(pieces)
            assert pool.takeAll() == (get + get, get + get)
            pool.say(0, b"%0\r\n#t\r\n", lane=1)
            pool.say(0, b"*0\r\n:1\r\n")
            replies = pool.replies.take()
            assert replies.startswith(b"*0\r\n%7\r\n$6\r\nserver\r\n")
            assert b"%0\r\n#t\r\n" in replies
            assert replies.endswith(b":1\r\n")


def test_aSplitRequestIsMergedInTheThirdProtocolToo():
    """Its nulls are passed on as they are."""
    pool = RedisPool(servers=2)
    pool.send([request([b"HELLO", b"3"]), request([b"MGET", b"a", b"b", b"c", b"d"])])
    assert pool.takeAll()[:2] == (b"", b"")
    shares = [len(each.outQueue[0].data.split(b"$")) - 2 for each in pool.lanes[1].pipelines]
    assert sum(shares) == 4
    pool.replies.take()
    for rank, share in enumerate(shares):
        pool.say(rank, array([b"_\r\n"] * share), lane=1)
    assert pool.replies.take() == array([b"_\r\n"] * 4)


def test_infoTellsOfThePoolAndItsServers():
    """In the words of the router's statistics, and of the clock."""
    pool = RedisPool()
    told = pool.ask(b"INFO")
    assert b"about:pool" in told
    assert b"about:servers" in told
    assert pool.ask(b"TIME") == array([bulk(b"1700000000"), bulk(b"250000")])
    assert pool.ask(b"CLIENT", b"ID") == integer(7)


@pytest.mark.parametrize("first", [b"", request([b"INCR", b"n"])])
def test_aRequestThatIsCutIsSentOnceWhenItsEndComes(first):
    """Also one whose length, cut, would lead to bytes before it; no reply goes astray over it."""
    pool = RedisPool(servers=1)
    pool.send([request([b"GET", b"2"]), first])
    pool.takeAll()
    get = request([b"GET", b"2"])
    pool.send([get + first + get[:-4], get[-4:]])
    (sent,) = pool.takeAll()[:1]
    assert sent == get + first + get
    assert all(each.data for each in pool.pipelines[0].outQueue)
