"""redis-py through the proxy, in every form that it speaks RESP, before three servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import ConnectionPool, Redis
from redis._parsers import _HiredisParser, _RESP2Parser, _RESP3Parser
from redis.exceptions import NoScriptError, ResponseError

from tests.e2e.command import SECONDS
from tests.e2e.redispool import RedisPool, cleared, startedPool
from tests.e2e.servers import HOST

KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "resp2": {"protocol": 2, "parser_class": _RESP2Parser},
    "resp2-hiredis": {"protocol": 2, "parser_class": _HiredisParser},
    "resp3": {"protocol": 3, "parser_class": _RESP3Parser},
    "resp3-hiredis": {"protocol": 3, "parser_class": _HiredisParser},
}

_started = startedPool()


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """Three empty servers behind a pool with nothing but C{redis: true}."""
    yield from cleared(_started)


@pytest.fixture(params=KINDS)
def client(pool: RedisPool, request: pytest.FixtureRequest) -> Iterator[Redis]:
    """A client of each kind."""
    options = KINDS[request.param]
    port = pool.proxy.port
    connections = ConnectionPool(host=HOST, port=port, socket_timeout=SECONDS, **options)
    with closing(connections), closing(Redis(connection_pool=connections)) as client:
        yield client


def test_strings(client: Redis) -> None:
    """Strings are stored, counted, cut and joined; a missing one is None."""
    assert client.set("key", "value", ex=100)
    assert client.get("key") == b"value"
    assert 0 < client.ttl("key") <= 100
    assert client.append("key", "!") == 6
    assert client.getrange("key", 1, 3) == b"alu"
    assert client.setrange("key", 0, "V") == 6
    assert client.getdel("key") == b"Value!"
    assert client.get("key") is None
    assert client.set("key", "1", nx=True)
    assert client.set("key", "2", nx=True) is None
    assert client.incr("key", 41) == 42
    assert client.incrbyfloat("key", 0.5) == 42.5
    assert client.setbit("bits", 7, 1) == 0
    assert client.bitcount("bits") == 1
    assert client.type("key") == b"string"


def test_hashes(client: Redis) -> None:
    """Hashes give back their fields, by name, all, and by scanning."""
    fields = {b"field-%d" % number: b"%d" % number for number in range(200)}
    assert client.hset("hash", mapping=fields) == 200
    assert client.hgetall("hash") == fields
    assert client.hmget("hash", "field-3", "none") == [b"3", None]
    assert client.hincrby("hash", "field-3", 4) == 7
    assert client.hdel("hash", "field-3", "none") == 1
    assert dict(client.hscan_iter("hash", count=20)).keys() == fields.keys() - {b"field-3"}
    assert client.hgetall("missing") == {}


def test_lists(client: Redis) -> None:
    """Lists keep their order and pop at both ends."""
    assert client.rpush("list", *range(10)) == 10
    assert client.lrange("list", 0, 2) == [b"0", b"1", b"2"]
    assert client.lpop("list") == b"0"
    assert client.rpop("list", 2) == [b"9", b"8"]
    assert client.linsert("list", "before", "3", "x") == 8
    assert client.lpos("list", "x") == 2
    assert client.sort("list", alpha=True, desc=True)[0] == b"x"
    assert client.lrange("missing", 0, -1) == []


def test_sets(client: Redis) -> None:
    """Sets tell their members, as sets."""
    members = {b"%d" % number for number in range(300)}
    assert client.sadd("set", *members) == 300
    assert client.smembers("set") == members
    assert client.sismember("set", "7")
    assert client.smismember("set", ["7", "x"]) == [1, 0]
    assert client.srem("set", "7") == 1
    assert set(client.sscan_iter("set", count=20)) == members - {b"7"}
    assert client.spop("set") in members


def test_sortedSets(client: Redis) -> None:
    """Sorted sets are read by rank and by score, with scores as floats."""
    assert client.zadd("zset", {"a": 1, "b": 2.5, "c": float("inf")}) == 3
    assert client.zscore("zset", "b") == 2.5
    assert client.zscore("zset", "none") is None
    ranged = client.zrange("zset", 0, -1, withscores=True)
    assert [tuple(each) for each in ranged] == [(b"a", 1), (b"b", 2.5), (b"c", float("inf"))]
    assert client.zrangebyscore("zset", 2, 3) == [b"b"]
    assert client.zrank("zset", "c") == 2
    assert client.zincrby("zset", 1, "a") == 2
    assert client.zcount("zset", "-inf", 3) == 2
    assert min(client.zscan_iter("zset")) == (b"a", 2)


def test_streams(client: Redis) -> None:
    """Streams are written, read, and read by a group that acknowledges."""
    for number in range(5):
        assert client.xadd("stream", {"n": number}, id=f"{number + 1}-0")
    assert client.xlen("stream") == 5
    assert client.xrange("stream", "2-0", "2-0") == [(b"2-0", {b"n": b"1"})]
    assert len(client.xread({"stream": "3-0"})) == 1
    assert client.xgroup_create("stream", "group", id="0")
    assert len(client.xreadgroup("group", "me", {"stream": ">"}, count=2)) == 1
    assert client.xpending("stream", "group")["pending"] == 2
    assert client.xack("stream", "group", "1-0") == 1
    assert client.xinfo_stream("stream")["length"] == 5
    assert client.xtrim("stream", maxlen=1, approximate=False) == 4


def test_geo(client: Redis) -> None:
    """Places are found near others."""
    assert client.geoadd("geo", (13.361389, 38.115556, "a", 15.087269, 37.502669, "b")) == 2
    assert client.geodist("geo", "a", "b", "km") == pytest.approx(166.2742)
    (position,) = client.geopos("geo", "a")
    assert position == pytest.approx((13.361389, 38.115556), abs=1e-5)
    found = client.geosearch("geo", longitude=15, latitude=37, radius=100, unit="km")
    assert found == [b"b"]


def test_hyperLogLogs(client: Redis) -> None:
    """A hyperloglog counts about right."""
    assert client.pfadd("log", *range(1000)) == 1
    assert client.pfcount("log") == pytest.approx(1000, rel=0.05)


def test_scripts(client: Redis) -> None:
    """Scripts run by text and by digest wherever their keys are, once they are loaded."""
    body = "redis.call('set', KEYS[1], ARGV[1]); return {KEYS[1], 2, false, 'x'}"
    assert client.eval(body, 1, "key", "value") == [b"key", 2, None, b"x"]
    assert client.eval("return 7", 0) == 7
    digest = client.script_load("return redis.call('get', KEYS[1])")
    keys = [f"script-{number}-{number * 7919}" for number in range(20)]
    assert client.mset({key: key for key in keys})
    assert [client.evalsha(digest, 1, key) for key in keys] == [key.encode() for key in keys]
    assert client.script_exists(digest, "0" * 40) == [True, False]
    assert client.script_flush()
    assert client.script_exists(digest) == [False]
    with pytest.raises(NoScriptError):
        client.evalsha(digest, 1, "key")
    registered = client.register_script("return ARGV[1] .. KEYS[1]")
    assert [registered([key], ["x"]) for key in keys] == [b"x" + key.encode() for key in keys]


def test_scriptErrorsAreTheServers(client: Redis) -> None:
    """A script that fails is answered with the server's own words."""
    with pytest.raises(ResponseError, match="boom"):
        client.eval("return redis.error_reply('MY boom')", 1, "key")


def test_functions(client: Redis) -> None:
    """A library that was loaded once is called on every server."""
    library = (
        "#!lua name=lib\n"
        "redis.register_function('mine', function(keys, args) return keys[1] .. args[1] end)"
    )
    assert client.function_load(library) in (b"lib", "lib")
    keys = [f"function-{number}-{number * 7919}" for number in range(20)]
    assert [client.fcall("mine", 1, key, "!") for key in keys] == [f"{k}!".encode() for k in keys]
    assert len(client.function_list()) == 1
    assert client.function_delete("lib")
    with pytest.raises(ResponseError, match="Function not found"):
        client.fcall("mine", 1, "key", "!")


def test_pipelineKeepsItsOrder(client: Redis) -> None:
    """Hundreds of requests in one write are answered in order, whoever answers them."""
    with client.pipeline(transaction=False) as pipeline:
        for number in range(300):
            key = f"pipe-{number}-{number * 7919}"
            pipeline.set(key, number).get(key).incr(key).lpush(key, 1).ping()
        replies = pipeline.execute(raise_on_error=False)
    for number in range(300):
        stored, read, counted, refused, pong = replies[5 * number : 5 * number + 5]
        assert (stored, read, counted) == (True, b"%d" % number, number + 1)
        assert isinstance(refused, ResponseError)
        assert pong


def test_transactionIsRefusedAndTheClientGoesOn(client: Redis) -> None:
    """A pipeline that wants a transaction, as by default, fails; the client can go on."""
    with client.pipeline() as pipeline, pytest.raises(ResponseError, match="EXEC"):
        pipeline.set("key", 1).get("key").execute()
    client.set("other", 2)
    assert client.get("other") == b"2"


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 65535, 1048577, 10 * 1024 * 1024])
def test_valuesOfAnySize(client: Redis, size: int) -> None:
    """A value of ten mebibytes comes back as it was, as does an empty one."""
    value = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert client.set("key", value)
    assert client.get("key") == value
    assert client.mget(["key", "missing"]) == [value, None]


@pytest.mark.parametrize("key", [b"", b"\r\n", b"\0", bytes(range(256)), b"k" * 70000, b"$3\r\n"])
def test_keysOfAnyBytes(client: Redis, key: bytes) -> None:
    """A key is any bytes, none included."""
    assert client.set(key, key)
    assert client.get(key) == key
    assert client.mget([key, key]) == [key, key]
    assert list(client.scan_iter()) == [key]
    assert client.delete(key) == 1


def test_setsOfRepliesAreNested(client: Redis) -> None:
    """Replies of any depth come whole."""
    deep = "local t = {1} for i = 1, 6 do t = {t, i, 'x'} end return t"
    expected: list[Any] = [1]
    for number in range(1, 7):
        expected = [expected, number, b"x"]
    assert client.eval(deep, 1, "key") == expected
