"""Commands over many keys, and over all: a pool of redis servers is one set of keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from tests.e2e.redispool import RedisPool, cleared, startedPool, talk

MANY = {b"key-%d-%d" % (number, number * 7919): b"%d" % number for number in range(100)}
FLUSHES = ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC", "FLUSHDB SYNC"]

_started = startedPool()
_tagged = startedPool('hash_tag: "{}"')
_flushable = startedPool("flush_all: true")


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """Three empty servers behind a pool with nothing but C{redis: true}."""
    yield from cleared(_started)


@pytest.fixture
def tagged(_tagged: RedisPool) -> Iterator[RedisPool]:
    """The same with a hash tag."""
    yield from cleared(_tagged)


@pytest.fixture
def flushable(_flushable: RedisPool) -> Iterator[RedisPool]:
    """The same with C{flush_all: true}."""
    yield from cleared(_flushable)


@pytest.fixture(params=[2, 3])
def client(pool: RedisPool, request: pytest.FixtureRequest) -> Iterator[Redis]:
    """A client of either protocol."""
    with closing(pool.client(protocol=request.param)) as client:
        yield client


def test_manyKeysAreSplitAndMerged(client: Redis, pool: RedisPool) -> None:
    """MSET spreads keys over all servers; MGET, EXISTS, TOUCH, DEL, UNLINK see them all."""
    assert client.mset(MANY)
    assert {tuple(pool.holders(key)) for key in list(MANY)[:20]} == {(0,), (1,), (2,)}
    keys = [*MANY, b"missing"]
    assert client.mget(keys) == [*MANY.values(), None]
    assert client.mget([keys[3], b"none", keys[3]]) == [b"3", None, b"3"]
    assert client.exists(*keys, keys[0]) == 101
    assert client.touch(*keys) == 100
    assert client.delete(*keys[:50]) == 50
    assert client.unlink(*keys) == 50
    assert client.exists(*keys) == 0


def test_theWholeSetOfKeysIsSeen(client: Redis) -> None:
    """DBSIZE, KEYS and RANDOMKEY are about all servers."""
    assert (client.dbsize(), client.keys(), client.randomkey()) == (0, [], None)
    client.mset(MANY)
    assert client.dbsize() == 100
    assert sorted(client.keys()) == sorted(MANY)
    teens = [b"key-%d-%d" % (number, number * 7919) for number in range(10, 20)]
    assert sorted(client.keys("key-1?-*")) == teens
    assert client.randomkey() in MANY
    assert len({client.randomkey() for _ in range(200)}) > 10


def test_scanFindsEveryKeyThatStays(client: Redis) -> None:
    """Ten thousand keys are found although others expire, come and go around the scan."""
    staying = {b"stay:%d" % number for number in range(10_000)}
    client.mset(dict.fromkeys(staying, b""))
    with client.pipeline(transaction=False) as pipeline:
        for number in range(2000):
            pipeline.set(f"expire:{number}", "", px=1 + number)
        pipeline.execute()
    found: set[bytes] = set()
    cursor, step = 0, 0
    while cursor or not step:
        cursor, keys = client.scan(cursor, count=200)
        assert 0 <= cursor < 2**63
        found.update(keys)
        # Tables grow and shrink in the middle of it.
        client.mset({b"add:%d:%d" % (step, number): b"" for number in range(400)})
        client.delete(*(b"add:%d:%d" % (step - 3, number) for number in range(400)))
        step += 1
        assert step < 2000
    assert staying <= found
    assert {key.partition(b":")[0] for key in found} <= {b"stay", b"expire", b"add"}


def test_scanOfManyKeysGivesEachOnce(client: Redis) -> None:
    """While nothing changes each of ten thousand keys comes once; MATCH and COUNT are obeyed."""
    keys = {b"a:%d" % number for number in range(5000)} | {b"b:%d" % n for n in range(5000)}
    client.mset(dict.fromkeys(keys, b""))
    assert sorted(client.scan_iter(count=1000)) == sorted(keys)
    matching = list(client.scan_iter(match="b:*7", count=500))
    assert sorted(matching) == sorted(b"b:%d" % number for number in range(7, 5000, 10))
    client.rpush("list", 1)
    assert list(client.scan_iter(_type="list", count=1000)) == [b"list"]


@pytest.mark.parametrize("cursor", [b"-1", b"x", b"4095", b"99999999999999999999999"])
def test_foreignCursorIsRefused(pool: RedisPool, cursor: bytes) -> None:
    """A cursor that no scan has given is an error, and nothing is sent."""
    before = pool.sent()
    assert talk(pool, b"SCAN %b\r\n" % cursor).startswith(b"-ERR invalid cursor")
    assert pool.sent() == before


def test_keysOnTwoServersAreNamedAndNothingIsSent(client: Redis, pool: RedisPool) -> None:
    """A command that cannot be split names two keys and hash tags; no server sees it."""
    (one,), (other,) = pool.keysOn(0, 1), pool.keysOn(1, 1)
    client.set(one, 1)
    before = pool.sent()
    attempts = [
        lambda: client.rename(one, other),
        lambda: client.sunion([one, other]),
        lambda: client.sinterstore(one, [one, other]),
        lambda: client.zunion([one, other]),
        lambda: client.msetnx({one: 1, other: 2}),
        lambda: client.eval("return 1", 2, one, other),
        lambda: client.lmove(one, other),
        lambda: client.bitop("AND", one, one, other),
        lambda: client.xread({one: 0, other: 0}),
        lambda: client.sort(one, store=other),
    ]
    for attempt in attempts:
        with pytest.raises(ResponseError) as raised:
            attempt()
        said = str(raised.value)
        assert all(word in said for word in (one.decode(), other.decode(), "hash_tag")), said
    assert pool.sent() == before
    assert client.get(one) == b"1"


def test_keysOnOneServerGoTogether(client: Redis, pool: RedisPool) -> None:
    """The same commands go through where all keys have one server."""
    one, other, third = pool.keysOn(2, 3)
    client.sadd(one, 1, 2, 3)
    client.sadd(other, 2, 3, 4)
    assert client.sinter([one, other]) == {b"2", b"3"}
    assert client.sunionstore(third, [one, other]) == 4
    assert client.smove(one, other, 1)
    assert client.rename(third, one)
    assert client.scard(one) == 4
    assert client.copy(one, third)


def test_hashTagKeepsKeysTogether(tagged: RedisPool) -> None:
    """With a hash tag, keys with the same part in braces are on one server."""
    with closing(tagged.client()) as client:
        keys = [b"{user:7}:%d:%d" % (number, number * 7919) for number in range(50)]
        assert client.msetnx(dict.fromkeys(keys, b"1"))
        assert len({tuple(tagged.holders(key)) for key in keys}) == 1
        assert client.rename(keys[0], keys[1])
        assert client.zunion({b"{t}a": 1, b"{t}b": 2}) == []
        client.mset(MANY)
        assert len({tuple(tagged.holders(key)) for key in list(MANY)[:20]}) == 3


@pytest.mark.parametrize("command", FLUSHES)
def test_flushIsRefusedByDefault(client: Redis, command: str) -> None:
    """A flush is an error that names the setting, and nothing is lost."""
    client.mset(MANY)
    with pytest.raises(ResponseError, match="flush_all: true"):
        client.execute_command(*command.split())
    assert client.dbsize() == 100


@pytest.mark.parametrize("command", FLUSHES)
def test_flushEmptiesAllServersWhereItMay(flushable: RedisPool, command: str) -> None:
    """Where the pool allows it a flush reaches every server."""
    with closing(flushable.client()) as client:
        client.mset(MANY)
        assert client.execute_command(*command.split())
        assert client.dbsize() == 0
    assert [flushable.direct(number).dbsize() for number in range(3)] == [0, 0, 0]
