"""
Pools of real redis servers behind a real proxy, for the tests of a module.

    _started = startedPool("flush_all: true")

    @pytest.fixture
    def pool(_started):
        yield from cleared(_started)
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from attrs import frozen
from redis import Redis

from tests.e2e.command import SECONDS, exchange
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import HOST, RealServer, startRedis


@frozen
class RedisPool:
    """
    A proxy with its redis servers.

    @ivar servers: by the number in their names.
    """

    proxy: Proxy
    servers: list[RealServer]

    def client(self, **options: Any) -> Redis:
        """Make a redis-py client of the pool; nothing but its address and deadline is set."""
        return clientOf(self.proxy, **options)

    def direct(self, number: int, **options: Any) -> Redis:
        """Make a client of one server, without the proxy."""
        return clientOf(self.servers[number], **options)

    def holders(self, key: bytes) -> list[int]:
        """The numbers of the servers that have a key, asked without the proxy."""
        return [number for number in range(len(self.servers)) if has(self.direct(number), key)]

    def keysOn(self, number: int, count: int) -> list[bytes]:
        """So many names of keys that belong to one server."""
        found: list[bytes] = []
        tried = 0
        while len(found) < count:
            name = b"probe:%d:%d" % (tried, tried * 7919)
            tried += 1
            if self._serverOf(name) == number:
                found.append(name)
        return found

    def _serverOf(self, key: bytes) -> int:
        with closing(self.client()) as client:
            client.set(key, "")
            (number,) = self.holders(key)
            client.delete(key)
        return number

    def clear(self) -> None:
        """Empty every server of all but its settings, without the proxy."""
        for number in range(len(self.servers)):
            with closing(self.direct(number)) as server:
                server.flushall()
                server.script_flush()
                server.function_flush()

    def sent(self) -> int:
        """How many requests its servers have been sent."""
        counters = self.proxy.stats()["pool"]
        return sum(counters[f"s{number}"]["requests"] for number in range(len(self.servers)))


def clientOf(server: RealServer, **options: Any) -> Redis:
    """Make a redis-py client of a server or a proxy."""
    return Redis(host=HOST, port=server.port, socket_timeout=SECONDS, **options)


def has(server: Redis, key: bytes) -> bool:
    """Ask a server for a key, and leave it."""
    with closing(server):
        return bool(server.exists(key))


def startedPool(*keys: str, servers: int = 3) -> Any:
    """
    Make a fixture of a module: a pool for all its tests.

    @param keys: lines C{key: value} of the pool, besides C{redis: true}.
    """

    @pytest.fixture(scope="module")
    def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisPool]:
        with ExitStack() as stack:
            running = [stack.enter_context(startRedis()) for _ in range(servers)]
            folder = tmp_path_factory.mktemp("redis")
            yield RedisPool(stack.enter_context(redisProxy(folder, running, *keys)), running)

    return started


def redisProxy(folder: Any, servers: list[RealServer], *keys: str) -> Proxy:
    """Start a proxy with one redis pool; see L{Proxy}."""
    return Proxy(folder, servers, "redis: true", *keys)


def cleared(pool: RedisPool) -> Iterator[RedisPool]:
    """Hand out a pool that is empty, and look at what its proxy writes meanwhile."""
    pool.clear()
    with watched(pool.proxy):
        yield pool


def talk(pool: RedisPool, request: bytes, end: bytes = b"\r\n") -> bytes:
    """Send bytes on a new connection, and read until the answer ends so."""
    with pool.proxy.connect() as client:
        return exchange(client, request, end)


def redisCli(pool: RedisPool, *words: str | bytes, script: bytes | None = None) -> str:
    """Run redis-cli against the pool; what it writes, without the last line end."""
    ended = subprocess.run(
        ["redis-cli", "-h", HOST, "-p", str(pool.proxy.port), *words],
        input=script,
        stdin=subprocess.DEVNULL if script is None else None,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr
    return (ended.stdout + ended.stderr).decode().rstrip("\n")
