"""Redis servers on unix sockets, in trouble, and coming back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from tests.e2e.command import SECONDS, TWISTD
from tests.e2e.proxy import Proxy, watched
from tests.e2e.redispool import RedisPool, clientOf, redisProxy, talk
from tests.e2e.servers import HOST, RealServer, freePort, startRedis

LIMIT = 2
EJECTING = ("auto_eject_hosts: true", f"server_failure_limit: {LIMIT}")
ENDLESS = "while true do end"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test starts, and ends with it."""
    with ExitStack() as stack:
        yield stack


def started(stack: ExitStack, folder: Path, servers: list[RealServer], *keys: str) -> RedisPool:
    """A pool of servers that were started."""
    proxy = stack.enter_context(redisProxy(folder, servers, *keys))
    stack.enter_context(watched(proxy))
    return RedisPool(proxy, servers)


def until(isSo: Callable[[], bool]) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + SECONDS
    while not isSo():
        assert time.monotonic() < deadline


class UnixProxy(Proxy):
    """A proxy whose one server listens on a unix socket."""

    def __init__(self, folder: Path, path: Path, *keys: str) -> None:
        port, self.statsPort = freePort(), freePort()
        lines = [f"listen: {HOST}:{port}", "redis: true", *keys, f"servers:\n  - {path}:1 s0"]
        config = folder / "unix.yml"
        config.write_text("\n  ".join(["pool:", *lines]) + "\n")
        place = ["-c", str(config), "-a", HOST, "-s", str(self.statsPort)]
        command = [*TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        RealServer.__init__(self, command, port, self.statsPort)


def test_unixSocket(stack: ExitStack, tmp_path: Path) -> None:
    """A server on a unix socket has password and database too, in both protocols."""
    path = tmp_path / "redis.sock"
    server = stack.enter_context(
        startRedis("--unixsocket", str(path), "--requirepass", "secret"),
    )
    keys = ("redis_auth: secret", "redis_db: 3")
    proxy = stack.enter_context(UnixProxy(tmp_path, path, *keys))
    stack.enter_context(watched(proxy))
    pool = RedisPool(proxy, [server])
    for protocol, added in ((2, 1), (3, 0)):
        with closing(pool.client(password="secret", protocol=protocol)) as client:
            assert client.hset("hash", "field", "value") == added
            assert client.hgetall("hash") == {b"field": b"value"}
    assert pool.direct(0, password="secret", db=3).dbsize() == 1
    assert pool.direct(0, password="secret", db=0).dbsize() == 0


def test_serverRestartsInTheMiddle(stack: ExitStack, tmp_path: Path) -> None:
    """Keys of a dead server are errors, others are not; when it is back it is used again."""
    servers = [stack.enter_context(startRedis()) for _ in range(3)]
    pool = started(stack, tmp_path, servers)
    keys = [pool.keysOn(number, 1)[0] for number in range(3)]
    with closing(pool.client()) as client:
        client.mset(dict.fromkeys(keys, b"1"))
        servers[1].kill()
        for _ in range(3):
            with pytest.raises(ResponseError, match=r"refused|unknown"):
                client.get(keys[1])
            assert (client.get(keys[0]), client.get(keys[2])) == (b"1", b"1")
        with pytest.raises(ResponseError):
            client.mget(keys)
        with pytest.raises(ResponseError, match="s1"):
            client.dbsize()
        servers[1].restart()
        assert client.get(keys[1]) is None
        assert client.mget(keys) == [b"1", None, b"1"]
        assert client.dbsize() == 2


def test_scriptsOfARestartedServerAreLoadedAgain(stack: ExitStack, tmp_path: Path) -> None:
    """A registered script survives that one server has forgotten it."""
    servers = [stack.enter_context(startRedis()) for _ in range(2)]
    pool = started(stack, tmp_path, servers)
    keys = [pool.keysOn(number, 1)[0] for number in range(2)]
    with closing(pool.client()) as client:
        script = client.register_script("return KEYS[1]")
        assert [script([key]) for key in keys] == keys
        servers[1].restart()
        pool.proxy.waitFor(lambda counters: not counters["s1"]["server_connections"])
        assert client.script_exists(script.sha) == [False]
        assert [script([key]) for key in keys] == keys
        assert client.script_exists(script.sha) == [True]


@pytest.fixture
def full(stack: ExitStack) -> RealServer:
    """A server that has more than it may, and gives nothing up."""
    server = stack.enter_context(startRedis("--maxmemory-policy", "noeviction"))
    with closing(clientOf(server)) as client:
        client.config_set("maxmemory", 1)
    return server


def test_fullServerCountsAsFailedAndSaysSoItself(
    stack: ExitStack, tmp_path: Path, full: RealServer
) -> None:
    """-OOM comes with its own text, and leaves the requests around it alone."""
    pool = started(stack, tmp_path, [full])
    with closing(pool.client(protocol=2)) as client:
        with pytest.raises(OutOfMemoryError, match="command not allowed"):
            client.set("key", "value")
        assert client.get("key") is None
    script = b"GET a\r\nSET a 1\r\nGET a\r\nPING end\r\n"
    oom = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
    answer = talk(pool, script, b"end\r\n")
    assert answer == b"$-1\r\n" + oom + b"$-1\r\n$3\r\nend\r\n"
    assert pool.proxy.stats()["pool"]["s0"]["server_connections"] == 1


def test_fullServerIsEjected(stack: ExitStack, tmp_path: Path, full: RealServer) -> None:
    """A server that answers -OOM as often as the limit is left out."""
    well = stack.enter_context(startRedis())
    pool = started(stack, tmp_path, [full, well], *EJECTING, "server_retry_timeout: 600000")
    keys = [b"key-%d-%d" % (number, number * 7919) for number in range(50)]
    with closing(pool.client(protocol=2)) as client, client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.set(key, "value")
        replies = pipe.execute(raise_on_error=False)
        assert any(isinstance(each, OutOfMemoryError) for each in replies)
        assert pool.proxy.stats()["pool"]["server_ejects"] == 1
        assert all(client.set(key, "value") for key in keys)
    assert pool.direct(1).dbsize() == 50


def test_busyServerIsEjectedAndComesBack(stack: ExitStack, tmp_path: Path) -> None:
    """-BUSY comes with its own text and counts, until the script that was the reason has ended."""
    server = stack.enter_context(startRedis("--busy-reply-threshold", "1"))
    pool = started(stack, tmp_path, [server], *EJECTING, "server_retry_timeout: 50")
    thread = threading.Thread(target=_runEndless, args=(pool.direct(0),))
    thread.start()
    stack.callback(thread.join, SECONDS)
    stack.callback(_endScript, pool.direct(0))
    until(lambda: _fails(pool.direct(0)))
    with closing(pool.client(protocol=2)) as client:
        for _ in range(LIMIT):
            with pytest.raises(ResponseError, match=r"^BUSY Redis is busy running a script"):
                client.get("key")
        assert pool.proxy.stats()["pool"]["server_ejects"] == 1
        _endScript(pool.direct(0))
        until(lambda: not _fails(client))


def _endScript(server: Redis) -> None:
    with suppress(ResponseError), closing(server):
        server.script_kill()


def _runEndless(server: Redis) -> None:
    with suppress(ResponseError), closing(server):
        server.eval(ENDLESS, 0)


def _fails(server: Redis) -> bool:
    try:
        server.get("key")
    except ResponseError:
        return True
    finally:
        server.close()
    return False


def test_loadingServerIsEjected(stack: ExitStack, tmp_path: Path) -> None:
    """-LOADING comes with its own text, leaves other requests alone, and counts."""
    place = ("--dir", str(tmp_path), "--save", "3600 1")
    with startRedis(*place) as first, closing(Redis(HOST, first.port)) as client:
        client.mset({f"key-{number}": random.randbytes(100) for number in range(4000)})
        client.save()
    # The delay is microseconds for each key.
    slow = ("--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024")
    server = stack.enter_context(startRedis(*place, *slow))
    pool = started(stack, tmp_path, [server], *EJECTING)
    script = b"GET key-1\r\nPING middle\r\nGET key-2\r\nPING end\r\n"
    loading = b"-LOADING Redis is loading the dataset in memory\r\n"
    answer = talk(pool, script, b"end\r\n")
    assert answer == loading + b"$6\r\nmiddle\r\n" + loading + b"$3\r\nend\r\n"
    assert pool.proxy.stats()["pool"]["server_ejects"] == 1
