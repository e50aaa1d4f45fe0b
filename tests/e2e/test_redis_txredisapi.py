"""txredisapi through the proxy, on this process's reactor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_twisted
import txredisapi
from twisted.internet.defer import gatherResults

from tests.e2e.command import SECONDS
from tests.e2e.redispool import RedisPool, cleared, startedPool
from tests.e2e.servers import HOST

# Numbers come back as such, which is the client's doing.
MANY = {f"key-{number}-{number * 7919}": number for number in range(50)}

_started = startedPool()
_flushable = startedPool("flush_all: true")


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """Three empty servers behind a pool with nothing but C{redis: true}."""
    yield from cleared(_started)


@pytest.fixture
def flushable(_flushable: RedisPool) -> Iterator[RedisPool]:
    """The same with C{flush_all: true}."""
    yield from cleared(_flushable)


@asynccontextmanager
async def clientOf(pool: RedisPool) -> AsyncIterator[txredisapi.ConnectionHandler]:
    """A connection to the proxy, which chooses database 0 as it starts."""
    client = await txredisapi.Connection(
        HOST, pool.proxy.port, dbid=0, reconnect=False, replyTimeout=SECONDS
    )
    try:
        yield client
    finally:
        await client.disconnect()


@pytest_twisted.ensureDeferred
async def test_pipelinedKeysAreFoundAgain(pool: RedisPool) -> None:
    """Values that are stored at once are found by one request for all."""
    async with clientOf(pool) as client:
        stored = await gatherResults([client.set(key, value) for key, value in MANY.items()])
        assert stored == ["OK"] * 50
        found = await client.mget([*MANY, "missing"])
        assert found == [*MANY.values(), None]
        assert await client.delete(list(MANY)) == 50
    assert [pool.direct(number).dbsize() for number in range(3)] == [0, 0, 0]


@pytest_twisted.ensureDeferred
async def test_typesComeBackAsTheyWere(pool: RedisPool) -> None:
    """Hashes, lists, sets, sorted sets, streams of bits and scripts work."""
    async with clientOf(pool) as client:
        await client.hmset("hash", {"a": 1, "b": "x"})
        assert await client.hgetall("hash") == {"a": 1, "b": "x"}
        await client.rpush("list", ["1", "2", "three"])
        assert await client.lrange("list", 0, -1) == [1, 2, "three"]
        await client.sadd("set", ["m", "n"])
        assert await client.smembers("set") == {"m", "n"}
        await client.zadd("zset", 1.5, "a", 2, "b")
        assert await client.zrange("zset", 0, -1, withscores=True) == [("a", 1.5), ("b", 2)]
        assert await client.incr("number") == 1
        assert await client.setbit("bits", 7, 1) == 0
        assert await client.pfadd("log", ["a", "b"]) == 1
        assert await client.eval("return {KEYS[1], ARGV[1]}", ["key"], ["value"]) == [
            "key",
            "value",
        ]


@pytest_twisted.ensureDeferred
async def test_scanAndKeysSeeAllServers(pool: RedisPool) -> None:
    """A scan by hand ends, and finds each key once."""
    async with clientOf(pool) as client:
        await client.mset(MANY)
        assert sorted(await client.keys("*")) == sorted(MANY)
        assert await client.dbsize() == 50
        cursor, found = await client.scan(0, count=10)
        while cursor:
            cursor, keys = await client.scan(cursor, count=10)
            found += keys
    assert sorted(found) == sorted(MANY)


@pytest_twisted.ensureDeferred
async def test_pipelineOfTheClient(pool: RedisPool) -> None:
    """The client's own pipeline is answered in order."""
    async with clientOf(pool) as client:
        pipeline = await client.pipeline()
        for key, value in MANY.items():
            pipeline.set(key, value)
            pipeline.get(key)
        replies = await pipeline.execute_pipeline()
    assert replies == [each for value in MANY.values() for each in ("OK", value)]


@pytest_twisted.ensureDeferred
async def test_refusalsLeaveTheConnection(pool: RedisPool) -> None:
    """Flushes, other databases and keys on two servers are errors, in step."""
    async with clientOf(pool) as client:
        for request, words in (
            (client.flushall(), "flush_all: true"),
            (client.select(1), "DB index is out of range"),
            (client.msetnx({"key": 1, "key-7-55433": 2}), "hash_tag"),
        ):
            with pytest.raises(txredisapi.ResponseError, match=words):
                await request
        assert await client.ping() == "PONG"


@pytest.mark.parametrize(("method", "command"), [("multi", "WATCH"), ("blpop", "BLPOP")])
@pytest_twisted.ensureDeferred
async def test_whatIsNotSupportedIsNamed(pool: RedisPool, method: str, command: str) -> None:
    """Transactions and blocking pops are errors that name the command."""
    async with clientOf(pool) as client:
        with pytest.raises(txredisapi.ResponseError, match=command):
            await getattr(client, method)("key")


@pytest_twisted.ensureDeferred
async def test_flushEmptiesAllServers(flushable: RedisPool) -> None:
    """Where the pool allows it a flush reaches every server."""
    async with clientOf(flushable) as client:
        await client.mset(MANY)
        assert await client.flushall() == "OK"
        assert await client.dbsize() == 0
