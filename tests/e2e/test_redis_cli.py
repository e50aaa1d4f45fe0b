"""redis-cli, plain connections and the hiredis parser through the proxy."""

from __future__ import annotations

import random
from collections.abc import Iterator

import hiredis
import pytest

from tests.e2e.command import SECONDS
from tests.e2e.redispool import RedisPool, cleared, redisCli, startedPool, talk

LINES = b"""
set key value
get key
hset hash a 1 b 2
hgetall hash
get none
lpush key x
mset k1 1 k2:7919 2
mget k1 none k2:7919
zadd z 1.5 m
zscore z m
blah
"""

_started = startedPool()


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """Three empty servers behind a pool with nothing but C{redis: true}."""
    yield from cleared(_started)


@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_cliReadsAScript(pool: RedisPool, protocol: str) -> None:
    """A script on redis-cli's input is answered line by line, in either protocol."""
    common = ["OK", '"value"', "(integer) 2"]
    fields = ['1# "a" => "1"', '2# "b" => "2"'] if protocol == "-3" else ['1) "a"', '2) "1"']
    said = redisCli(pool, protocol, "--no-raw", script=LINES).splitlines()
    assert said[:3] == common
    assert said[3:5] == fields
    rest = said[5:] if protocol == "-3" else said[7:]
    score = "(double) 1.5" if protocol == "-3" else '"1.5"'
    assert [line for line in rest if line] == [
        "(nil)",
        "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
        "OK",
        '1) "1"',
        "2) (nil)",
        '3) "2"',
        "(integer) 1",
        score,
        "(error) ERR unknown command 'blah', with args beginning with: ",
    ]


def test_cliScansAndFindsBigKeys(pool: RedisPool) -> None:
    """The options of redis-cli that walk all keys see all servers."""
    pool.client().mset({f"key-{number}-{number * 7919}": "x" for number in range(100)})
    assert len(redisCli(pool, "--scan").splitlines()) == 100
    assert len(redisCli(pool, "--scan", "--pattern", "key-1*").splitlines()) == 11
    assert "Sampled 100 keys in the keyspace" in redisCli(pool, "--bigkeys")


def test_cliPipesInBulk(pool: RedisPool) -> None:
    """redis-cli --pipe loads a thousand commands and gets as many replies."""
    words = [(b"SET", b"key-%d-%d" % (n, n * 7919), b"v") for n in range(1000)]
    data = b"".join(hiredis.pack_command(each) for each in words)
    assert "errors: 0, replies: 1000" in redisCli(pool, "--pipe", script=data)
    assert pool.client().dbsize() == 1000


def test_cliTellsWhatIsRefused(pool: RedisPool) -> None:
    """What is not supported is shown as the error it is."""
    assert redisCli(pool, "subscribe", "channel").startswith("ERR SUBSCRIBE is not supported")
    assert "redis_version:7" in redisCli(pool, "info")
    assert redisCli(pool, "-3", "ping") == "PONG"


def test_inlineRequests(pool: RedisPool) -> None:
    """Words in lines are requests too, with quotes and escapes, and empty lines are none."""
    script = b"\r\nSET key 'a b'\r\n  get   key \r\nset k \"\\x41\\n\"\r\n\r\nget k\r\n"
    script += b"mget key none k\r\n"
    answer = talk(pool, script + b"ECHO end\r\n", b"end\r\n")
    assert answer == (
        b"+OK\r\n$3\r\na b\r\n+OK\r\n$2\r\nA\n\r\n*3\r\n$3\r\na b\r\n$-1\r\n$2\r\nA\n\r\n"
        b"$3\r\nend\r\n"
    )


def test_hiredisAtRandomCuts(pool: RedisPool) -> None:
    """A pipeline that arrives in pieces is answered as one; hiredis reads it as it comes."""
    draw = random.Random(7)
    words: list[tuple[bytes, ...]] = []
    expected: list[object] = []
    for number in range(500):
        key, value = b"key-%d-%d" % (number, number * 7919), draw.randbytes(draw.randrange(2000))
        words += [(b"SET", key, value), (b"GET", key), (b"STRLEN", key), (b"MGET", key, b"none")]
        expected += [b"OK", value, len(value), [value, None]]
    data = b"".join(hiredis.pack_command(each) for each in words)
    reader = hiredis.Reader()
    found: list[object] = []
    with pool.proxy.connect() as client:
        while data or len(found) < len(expected):
            cut = draw.choice([1, 2, 7, 100, 5000, 30000])
            client.sendall(data[:cut])
            data = data[cut:]
            if not data or draw.random() < 0.1:
                reader.feed(_ready(client, wait=not data))
            while (reply := reader.gets()) is not False:
                found.append(reply)
    assert found == expected


def _ready(client, *, wait: bool) -> bytes:
    """What can be read now; if there is nothing, wait for it or not."""
    if wait:
        data = client.recv(65536)
        assert data, "closed before all was answered"
        return data
    client.setblocking(False)
    try:
        return client.recv(65536)
    except BlockingIOError:
        return b""
    finally:
        client.settimeout(SECONDS)
