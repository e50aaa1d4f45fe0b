"""What the proxy answers and refuses itself, and passwords and databases on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ResponseError
from redis.retry import Retry

from tests.e2e.command import exchange, untilClosed
from tests.e2e.redispool import RedisPool, cleared, redisProxy, startedPool, talk
from tests.e2e.servers import startRedis

REFUSED = [
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH key",
    "UNWATCH",
    "SUBSCRIBE channel",
    "PSUBSCRIBE *",
    "SSUBSCRIBE channel",
    "UNSUBSCRIBE",
    "BLPOP key 0",
    "BRPOP key 0",
    "BLMOVE key key LEFT LEFT 0",
    "BLMPOP 0 1 key LEFT",
    "BZPOPMIN key 0",
    "XREAD BLOCK 0 STREAMS key 0",
    "XREADGROUP GROUP g c BLOCK 0 STREAMS key >",
    "CLUSTER INFO",
    "CLUSTER SLOTS",
    "MONITOR",
    "WAIT 0 0",
    "MOVE key 1",
    "SWAPDB 0 1",
    "MIGRATE host 1 key 0 1",
    "CONFIG SET maxmemory 1",
    "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 1",
    "CLIENT TRACKING ON",
    "CLIENT REPLY OFF",
    "DEBUG JMAP",
    "SHUTDOWN NOSAVE",
    "SAVE",
    "BGSAVE",
    "REPLICAOF NO ONE",
    "PUBSUB CHANNELS",
    "MODULE LIST",
    "ACL LIST",
    "ROLE",
]

_started = startedPool()


@pytest.fixture
def pool(_started: RedisPool) -> Iterator[RedisPool]:
    """Three empty servers behind a pool with nothing but C{redis: true}."""
    yield from cleared(_started)


@pytest.fixture(params=[2, 3])
def client(pool: RedisPool, request: pytest.FixtureRequest) -> Iterator[Redis]:
    """A client of either protocol."""
    with closing(pool.client(protocol=request.param)) as client:
        yield client


@pytest.mark.parametrize("command", REFUSED)
def test_refusedCommandIsNamedAndTheConnectionStays(pool: RedisPool, command: str) -> None:
    """What cannot go through a proxy is an error with its name, on a connection that goes on."""
    before = pool.sent()
    with pool.proxy.connect() as client:
        refused = exchange(client, command.encode() + b"\r\n", b"\r\n")
        again = exchange(client, b"PING still-here\r\n", b"still-here\r\n")
    assert refused.startswith(b"-ERR ")
    assert command.split(maxsplit=1)[0].encode() in refused
    assert again == b"$10\r\nstill-here\r\n"
    assert pool.sent() == before


def test_unknownCommandIsAnsweredInRedisWords(pool: RedisPool) -> None:
    """A command that redis has not either is refused as redis does, and the connection stays."""
    with closing(pool.direct(0)) as server, closing(pool.client()) as client:
        for words in (["NOSUCH", "a", "b"], ["CLIENT", "NOSUCH"], ["GET"], ["GET", "a", "b"]):
            said = []
            for each in (server, client):
                with pytest.raises(ResponseError) as raised:
                    each.execute_command(*words)
                said.append(str(raised.value))
            assert said[0] == said[1]
        assert client.ping()


def test_clientCommands(client: Redis, pool: RedisPool) -> None:
    """A connection has a name, a number and a line about it."""
    with closing(pool.client(single_connection_client=True, protocol=2)) as one:
        assert one.client_getname() is None
        assert one.client_setname("mine")
        assert one.client_getname() in ("mine", b"mine")
        number = one.client_id()
        info = one.client_info()
        assert (info["name"], int(info["id"]), info["resp"]) == ("mine", number, "2")
        assert info["lib-name"].startswith("redis-py")
        assert one.client_no_evict("ON")
        assert one.client_reply("ON")
        assert client.client_id() != number


def test_whatAClientAsksAtFirst(client: Redis) -> None:
    """INFO, CONFIG GET, COMMAND, TIME, ECHO, SELECT and LOLWUT are answered."""
    info = client.info()
    assert info["redis_version"].startswith("7.")
    assert info["redis_mode"] == "standalone"
    assert "pool" in str(info)
    assert client.info("server").keys() < info.keys()
    assert client.config_get("maxmemory") == {"maxmemory": "0"}
    assert client.config_get("no-such-parameter") == {}
    assert "get" in client.command()
    assert client.command_count() == len(client.command())
    assert client.time()[0] > 1_700_000_000
    assert client.echo("words") == b"words"
    assert client.select(0)
    with pytest.raises(ResponseError, match="DB index is out of range"):
        client.select(1)
    assert b"ver." in client.execute_command("LOLWUT")


def test_helloChangesTheProtocolInTheMiddle(pool: RedisPool) -> None:
    """Requests before and behind a HELLO in one write are answered each in its protocol."""
    script = b"HSET key a 1\r\nHGETALL key\r\nHELLO 3\r\nHGETALL key\r\nGET none\r\nHELLO 2\r\n"
    with pool.proxy.connect() as client:
        answer = exchange(client, script + b"GET none\r\nPING end\r\n", b"end\r\n")
    old, third, second = answer.split(b"proto\r\n")
    assert old.startswith(b":1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n%7\r\n")
    assert third.startswith(b":3\r\n")
    assert b"%1\r\n$1\r\na\r\n$1\r\n1\r\n_\r\n*14\r\n" in third
    assert second.startswith(b":2\r\n")
    assert second.endswith(b"$-1\r\n$3\r\nend\r\n")


def test_helloRefusesAnotherProtocol(pool: RedisPool) -> None:
    """HELLO 4 is an error and changes nothing."""
    assert talk(pool, b"HELLO 4\r\n") == b"-NOPROTO unsupported protocol version\r\n"


def test_resetForgetsWhatTheClientHasSet(pool: RedisPool) -> None:
    """RESET takes name and protocol away."""
    script = b"HELLO 3 SETNAME me\r\nRESET\r\nCLIENT GETNAME\r\nGET none\r\nPING end\r\n"
    answer = talk(pool, script, b"end\r\n")
    assert answer.endswith(b"+RESET\r\n$-1\r\n$-1\r\n$3\r\nend\r\n")


def test_quitIsAnsweredBehindWhatCameBefore(pool: RedisPool) -> None:
    """QUIT is answered OK after the earlier answers; what follows it is not read."""
    with pool.proxy.connect() as client:
        client.sendall(b"SET key 1\r\nGET key\r\nQUIT\r\nGET key\r\n")
        assert untilClosed(client) == b"+OK\r\n$1\r\n1\r\n+OK\r\n"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (b"*1\r\n+PING\r\n", b"Protocol error: expected '$', got '+'"),
        (b"*1\r\n$-5\r\n", b"Protocol error: invalid bulk length"),
        (b"*1\r\n$999999999999999\r\n", b"Protocol error: invalid bulk length"),
        (b"*2147483648\r\n", b"Protocol error: invalid multibulk length"),
        (b"*x\r\n", b"Protocol error: invalid multibulk length"),
        (b'GET "key\r\n', b"Protocol error: unbalanced quotes in request"),
    ],
)
def test_whatIsNotRespIsSaidAndClosed(pool: RedisPool, request_: bytes, words: bytes) -> None:
    """What is no RESP gets redis's error behind the earlier answers, and the close."""
    with pool.proxy.connect() as client:
        client.sendall(b"SET key 1\r\n" + request_)
        assert untilClosed(client) == b"+OK\r\n-ERR " + words + b"\r\n"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[RedisPool]:
    """Servers with a password behind a pool that knows it, and that uses their database 5."""
    with ExitStack() as started:
        servers = [started.enter_context(startRedis("--requirepass", "secret")) for _ in range(2)]
        keys = ("redis_auth: secret", "redis_db: 5")
        yield RedisPool(started.enter_context(redisProxy(tmp_path, servers, *keys)), servers)


LOGINS: list[dict[str, Any]] = [
    {"password": "secret", "protocol": 2},
    {"password": "secret", "protocol": 3},
    {"username": "default", "password": "secret", "protocol": 2},
]


@pytest.mark.parametrize("login", LOGINS)
def test_passwordComesBeforeTheDatabase(secured: RedisPool, login: dict[str, Any]) -> None:
    """A client that knows the password reads and writes the database that the pool names."""
    with closing(secured.client(**login)) as client:
        keys = [f"key-{number}-{number * 7919}" for number in range(30)]
        assert client.mset({key: key for key in keys})
        assert client.mget(keys) == [key.encode() for key in keys]
        assert client.dbsize() == 30
    sizes = [
        secured.direct(number, password="secret", db=database).dbsize()
        for number in range(2)
        for database in (0, 5)
    ]
    assert sizes[0] == sizes[2] == 0
    assert sizes[1] + sizes[3] == 30


def test_clientWithoutThePasswordGetsNothing(secured: RedisPool) -> None:
    """Before the right password every request is refused, and a wrong one is told to be wrong."""
    assert talk(secured, b"GET key\r\n") == b"-NOAUTH Authentication required\r\n"
    assert talk(secured, b"AUTH wrong\r\n") == b"-ERR invalid password\r\n"
    for protocol in (2, 3):
        # Tried once: redis-py's own waits are seconds.
        client = secured.client(password="wrong", protocol=protocol, retry=Retry(NoBackoff(), 0))
        with closing(client), pytest.raises((AuthenticationError, ResponseError)):
            client.get("key")
    assert secured.sent() == 0


SAY = {"redis_auth: wrong": b"AUTH wrong\r\n", "redis_db: 7": b""}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("redis_auth: wrong", b"WRONGPASS invalid username-password pair"),
        ("redis_db: 7", b"NOAUTH Authentication required"),
    ],
)
def test_serversRefusalIsTold(tmp_path: Path, key: str, text: bytes) -> None:
    """A server that refuses the password has failed, and the client is told its own words."""
    with (
        startRedis("--requirepass", "secret") as server,
        redisProxy(tmp_path, [server], key) as proxy,
    ):
        for _ in range(2):
            with proxy.connect() as client:
                answer = exchange(client, SAY[key] + b"GET key\r\nPING end\r\n", b"end\r\n")
            assert answer.removeprefix(b"+OK\r\n").startswith(b"-" + text)
        assert proxy.stats()["pool"]["s0"]["server_err"] == 2
        assert text.decode() in proxy.log()


def test_databaseThatTheServerHasNotIsTold(tmp_path: Path) -> None:
    """A database out of the server's range is the server's own error, not database 0."""
    with startRedis() as server, redisProxy(tmp_path, [server], "redis_db: 99") as proxy:
        pool = RedisPool(proxy, [server])
        assert talk(pool, b"SET key 1\r\n") == b"-ERR DB index is out of range\r\n"
        assert pool.holders(b"key") == []
