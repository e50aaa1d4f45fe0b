"""What is not RESP, what never ends, and what is too much."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.resp import request
from nuttwist.wire.router import Settings

from .rig import SECRET, SMALL, STRICT, RedisPool, tr

PING = request([b"PING"])

PONG = b"+PONG\r\n"


def error(text):
    """A protocol error in redis's words."""
    return b"-ERR Protocol error: %s\r\n" % text


#: What redis 7.0.15 answered before it closed the connection.
BROKEN = [
    (b"*x\r\n", b"invalid multibulk length"),
    (b"*\r\n", b"invalid multibulk length"),
    (b"*+1\r\n", b"invalid multibulk length"),
    (b"*01\r\n", b"invalid multibulk length"),
    (b"*-0\r\n", b"invalid multibulk length"),
    (b"*2147483648\r\n", b"invalid multibulk length"),
    (b"*4294967297\r\n", b"invalid multibulk length"),
    (b"*-9999999999999999999\r\n", b"invalid multibulk length"),
    (b"*1\r\n\r\n", b"expected '$', got ' '"),
    (b"*1\r\n+\r\n", b"expected '$', got '+'"),
    (b"*1\r\nPING\r\n", b"expected '$', got 'P'"),
    (b"*1\r\n*1\r\n$4\r\nPING\r\n", b"expected '$', got '*'"),
    (b"*1\r\n\xff\r\n", b"expected '$', got '\xff'"),
    (b"*1\r\n$\r\n", b"invalid bulk length"),
    (b"*1\r\n$04\r\nPING\r\n", b"invalid bulk length"),
    (b"*2\r\n$3\r\nGET\r\n$01\r\na\r\n", b"invalid bulk length"),
    (b"*1\r\n$-0\r\n\r\n", b"invalid bulk length"),
    (b"*1\r\n$-1\r\n", b"invalid bulk length"),
    (b"*1\r\n$4 \r\nPING\r\n", b"invalid bulk length"),
    (b"*1\r\n$4294967297\r\n", b"invalid bulk length"),
    (b"*1\r\n$99999999999999999999\r\n", b"invalid bulk length"),
    (b'ECHO "a"b\r\n', b"unbalanced quotes in request"),
    (b'ECHO "abc\r\n', b"unbalanced quotes in request"),
    (b"ECHO 'abc\r\n", b"unbalanced quotes in request"),
    (b'ECHO "\\"\r\n', b"unbalanced quotes in request"),
]

#: What the proxy does not wait for, or not accept, where redis does.
STRICTER = [
    (b"*1048577\r\n", b"invalid multibulk length"),
    (b"*2\r\n$3\r\nGET\r\n$65\r\n", b"invalid bulk length"),
]


@pytest.mark.parametrize(("data", "text"), BROKEN + STRICTER)
def test_whatIsNotRespIsToldSoAndClosed(data, text):
    """The answers owed come first; nothing reaches a server, and nothing behind it is read."""
    outcome = tr(PING + data)
    assert outcome.received == PONG + error(text)
    assert (outcome.ending, outcome.fault) == (True, True)
    assert not any(outcome.sent)
    strict = tr(PING + data, STRICT)
    assert (strict.received, strict.ending, strict.fault) == (PONG, True, True)


@pytest.mark.parametrize("behind", [b"\r\n", b"cd", b"\n\n", b"$1"])
def test_twoBytesBehindAStringArePassedOver(behind):
    """Whatever they are, as redis does; a server is sent CR and LF. twemproxy hangs up."""
    data = b"*2\r\n$3\r\nGET\r\n$1\r\na" + behind
    outcome = tr(data + PING, servers=1)
    assert b"".join(outcome.sent) == request([b"GET", b"a"])
    assert outcome.received.endswith(PONG)
    if behind != b"\r\n":
        strict = tr(PING + data, STRICT)
        assert (strict.received, strict.ending, strict.fault) == (PONG, True, True)


#: Lines as redis reads them: what is said, and the words of each request.
INLINE = [
    (b"ECHO a\n", [[b"ECHO", b"a"]]),
    (b"ECHO a\nECHO b\r\n", [[b"ECHO", b"a"], [b"ECHO", b"b"]]),
    (b"ECHO a\n*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n", [[b"ECHO", b"a"], [b"ECHO", b"b"]]),
    (b"\n\r\n \t\nECHO a\n", [[b"ECHO", b"a"]]),
    (b"ECHO a\vb\n", [[b"ECHO", b"a\vb"]]),
    (b"\v\fECHO \va\v\n", [[b"ECHO", b"a\v"]]),
    (b'ECHO "a"\n', [[b"ECHO", b"a"]]),
    (b'ECHO x"a b"\n', [[b"ECHO", b"xa b"]]),
    (b'ECHO "a\r"\r\n', [[b"ECHO", b"a\r"]]),
]


@pytest.mark.parametrize(("said", "requests"), INLINE)
def test_aLineEndsAtLF(said, requests):
    """With one CR before it; white space but blanks, tabs and line ends is a part of a word."""
    answers = b"".join(b"$%d\r\n%s\r\n" % (len(words[1]), words[1]) for words in requests)
    assert tr(said).received == answers


def test_quotesDoNotSpanLines():
    """The line is refused, and nothing behind it is read."""
    outcome = tr(b'ECHO "a\nECHO b"\n')
    assert outcome.received == error(b"unbalanced quotes in request")
    assert outcome.ending


@pytest.mark.parametrize("settings", [SMALL, SECRET])
@pytest.mark.parametrize(
    "said",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n",
        b"Host: x\n",
        request([b"post", b"a"]),
        request([b"HOST:"]) + request([b"SET", b"a", b"1"]),
    ],
)
def test_httpIsNotObeyed(said, settings):
    """A web page must not drive the proxy: it is closed as by redis, and the log has why."""
    pool = RedisPool(settings)
    pool.send([said, request([b"SET", b"a", b"1"])])
    assert pool.replies.suspicion == "it speaks HTTP"
    outcome = pool.outcome()
    assert (outcome.received, outcome.ending, outcome.fault) == (b"", True, True)
    assert not any(outcome.sent)


@pytest.mark.parametrize(
    ("before", "begin", "text"),
    [
        (b"", b"*", b"too big mbulk count string"),
        (b"", b"$", b"too big inline request"),
        (b"", b"x", b"too big inline request"),
        (b"*1\r\n", b"$", b"too big bulk count string"),
        (b"*1\r\n", b"x", b"too big bulk count string"),
    ],
)
def test_aLineHasAMostThatIsTheSameHoweverItComes(before, begin, text):
    """64 KiB, with its end in the same chunk, in the next, or nowhere."""
    line = begin + b"1" * (64 * 1024)
    for pieces in ([line, b"1"], [line + b"\r\n"], [line, b"\r\n"]):
        pool = RedisPool()
        pool.send([before, *pieces])
        assert pool.outcome().received == error(text)
    pool = RedisPool()
    pool.send([before, line[:-1] + b"\r"])
    assert not pool.replies.ending


@pytest.mark.parametrize("begin", [b"P", b"*1\n", b"*1\r\n$4\n"])
def test_theStrictHangUpAtTheFirstSign(begin):
    """Before the line has ended, as twemproxy, where the patient wait."""
    patient, strict = RedisPool(SMALL), RedisPool(STRICT)
    for pool in (patient, strict):
        pool.send([begin])
    assert (patient.replies.ending, strict.replies.ending) == (False, True)
    strict = RedisPool(STRICT)
    strict.send([b"*1\r", b"\n$4\r", b"\nPI", b"NG\r", b"\n"])
    assert strict.outcome().received == PONG


def test_nothingIsAllocatedOnTheClientsWord():
    """A million arguments that never come cost nothing, and so does a large one."""
    pool = RedisPool(Settings(item_size_max=1 << 29, request_bytes_max=1 << 30))
    pool.send([b"*1000000\r\n"])
    pool.send([b"$536870912\r\n", b"abc"])
    grammar = pool.grammar
    assert (grammar._left, grammar._args) == (1_000_000, [])
    assert sum(map(len, grammar._pieces + grammar._raw)) < 100
    assert not pool.replies.waiting
