"""C{nutproxy bench}: requests, replies and times, without a socket."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from nuttwist.commands.bench import asJson, lines, verdict
from nuttwist.commands.latencies import Latencies
from nuttwist.commands.load import Measure, troubles
from nuttwist.commands.workload import (
    HELD,
    MEMCACHED,
    REDIS,
    Talk,
    Tally,
    Workload,
    WrongReply,
)

KEY, VALUE = b"k", b"value"
GET, SET = MEMCACHED.get(KEY, VALUE), MEMCACHED.set(KEY, VALUE)


def talkOf(*exchanges, depth=10, speech=MEMCACHED):
    """A conversation that has asked all it may, at the time 0, and its tally."""
    tally = Tally()
    talk = Talk(speech, iter(exchanges), depth, tally)
    talk.more(0.0)
    return talk, tally


@pytest.mark.parametrize(
    ("exchange", "request_", "good"),
    [
        (GET, b"get k\r\n", b"VALUE k 0 5\r\nvalue\r\nEND\r\n"),
        (SET, b"set k 0 0 5\r\nvalue\r\n", b"STORED\r\n"),
        (REDIS.get(KEY, VALUE), b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", b"$5\r\nvalue\r\n"),
        (REDIS.set(KEY, VALUE), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n", b"+OK\r\n"),
    ],
)
def test_requestsAreOfTheProtocol(exchange, request_, good):
    """Requests and good replies are spelled as memcached and redis spell them."""
    assert (exchange.request, exchange.good) == (request_, good)


@pytest.mark.parametrize("cut", ["at once", "byte by byte"])
def test_repliesAreCountedHoweverTheyCome(cut):
    """Good replies, misses and errors are told apart for every way of cutting the bytes."""
    talk, tally = talkOf(GET, SET, GET, SET, GET)
    data = GET.good + b"STORED\r\nEND\r\nSERVER_ERROR out\r\n" + GET.good
    for part in [data] if cut == "at once" else [data[at : at + 1] for at in range(len(data))]:
        talk.received(part, 0.5)
    assert (tally.good, tally.misses, dict(tally.errors)) == (3, 1, {"SERVER_ERROR out": 1})
    assert (talk.outstanding, tally.latencies.count, tally.latencies.longest) == (0, 5, 0.5)


@pytest.mark.parametrize(
    ("exchange", "data"),
    [
        (GET, b"VALUE k 0 5\r\nother\r\nEND\r\n"),
        (GET, b"VALUE j 0 5\r\nvalue\r\nEND\r\n"),
        (GET, b"STORED\r\n"),
        (SET, b"END\r\n"),
        (SET, b"STORED\r\nSTORED\r\n"),
        (SET, b"x" * 65536),
    ],
)
def test_replyForAnotherIsWrong(exchange, data):
    """Another's value, another key, or a reply that nobody asked for is never taken for good."""
    talk, _ = talkOf(exchange)
    with pytest.raises(WrongReply):
        talk.received(data, 0.0)


def test_redisErrorsAndMissesAreCounted():
    """A redis error is a line, and a value that is not there is a null."""
    talk, tally = talkOf(REDIS.get(KEY, VALUE), REDIS.set(KEY, VALUE), speech=REDIS)
    talk.received(b"$-1\r\n-ERR no\r\n", 0.0)
    assert (tally.misses, dict(tally.errors)) == (1, {"-ERR no": 1})


def test_depthIsNeverPassed():
    """There are as many requests outstanding as allowed, and one more for each reply."""
    talk, _ = talkOf(*[SET] * 5, depth=2)
    assert (talk.outstanding, talk.more(0.0)) == (2, b"")
    talk.received(b"STORED\r\n", 0.0)
    assert (talk.more(0.0), talk.outstanding) == (SET.request, 2)


def test_ratioIsKept():
    """Over a round the share of reads is the one asked for, and each client begins elsewhere."""
    workload = Workload(MEMCACHED, 10, 0.75)
    first, second = (list(islice(workload.requests(each), 8192)) for each in (0, 1))
    assert sum(each.request.startswith(b"get") for each in first) == 6144
    assert sorted(each.request for each in first) == sorted(each.request for each in second)
    assert first != second


def test_largeValuesAreFewer():
    """The values of all keys together stay within a bound, and each has the size asked for."""
    workload = Workload(MEMCACHED, 1000000, 1.0)
    assert workload.keys == HELD // 1000000
    assert all(len(each.request) > 1000000 for each in islice(workload.writes(), 3))
    assert Workload(MEMCACHED, 1, 1.0).keys == 1000


def test_quantilesAreWithinAHundredth():
    """The histogram's quantiles are those of the times, to its step."""
    random = Random(5)
    times = sorted(random.expovariate(1000) for _ in range(20000))
    latencies = Latencies()
    for each in times:
        latencies.take(each)
    for share in (0.5, 0.99, 0.999):
        exact = times[round(share * len(times)) - 1]
        assert latencies.quantile(share) == pytest.approx(exact, rel=0.02)
    assert latencies.quantile(1.0) == latencies.longest == times[-1]
    shares = [share for _, share in latencies.curve()]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_noTimesHaveNoQuantile():
    """Without a reply there is nothing to tell."""
    assert (Latencies().quantile(0.5), Latencies().curve()) == (0.0, [])


def test_resultTellsEverythingThatWentWrong():
    """Errors, wrong replies, lost connections and silence are all there, in words and numbers."""
    tally = Tally(good=5, unanswered=2, wrong=["VALUE x"])
    tally.errors["SERVER_ERROR a"] += 3
    tally.lost["Connection reset by peer"] += 1
    assert list(troubles(tally)) == [
        "3 x SERVER_ERROR a",
        "a reply that nobody asked for: 'VALUE x'",
        "1 connections lost: Connection reset by peer",
        "2 requests without a reply",
    ]
    found = Measure(tally, 2.0, 1.0, 0.5)
    told = asJson(found)
    assert (told["errors"], told["wrong"]) == ({"SERVER_ERROR a": 3}, 1)
    assert (told["lost"], told["unanswered"]) == (1, 2)
    assert [each for each in troubles(tally) if each not in "\n".join(lines(found))] == []


@pytest.mark.parametrize(
    ("waited", "words"),
    [(0.1, "the limit is the generator's"), (0.5, "the limit is the server's")],
)
def test_generatorTellsWhoseLimitItIs(waited, words):
    """One that hardly waited is said to be the limit itself."""
    assert verdict(Measure(Tally(), 1.0, 0.4, waited)).startswith(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x"], "argument HOST:PORT: 'x' is not HOST:PORT"),
        (["h:0"], "argument HOST:PORT: 'h:0' is not HOST:PORT"),
        (["h:1", "--clients", "0"], "--clients: '0' is not a whole number from 1 to 10000"),
        (["h:1", "--ratio", "1.5"], "--ratio: '1.5' is not a number from 0 to 1"),
        (["h:1", "--seconds", "nan"], "--seconds: 'nan' is not a number from 0.1 to 86400"),
        (["h:1", "--size", "0"], "--size: '0' is not a whole number from 1 to 1000000"),
    ],
)
def test_wrongArgumentIsOneLine(ask, words, said):
    """The argument, the value and what is allowed are named."""
    told = ask("bench", *words)
    assert (told.status, told.notes.count("\n")) == (2, 1)
    assert said in told.notes
