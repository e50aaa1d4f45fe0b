"""
Clients that mean harm, one by one: the memory of the proxy stays under its documented bound
(docs/limits.md), and others are served with their own values meanwhile.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import SECONDS
from tests.e2e.hostility import (
    MEBIBYTE,
    Memory,
    answered,
    bystanders,
    heard,
    pushed,
    untilEnd,
)
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import startMemcached, startRedis

CLIENT_BYTES = MEBIBYTE
LARGEST = MEBIBYTE
QUEUES = ("in_queue", "out_queue")
#: What one client can have the proxy hold: 16 times client_bytes_max and two of the largest
#: values; the rest is what Python's allocator and the kernel's buffers may add.
BOUND = 16 * CLIENT_BYTES + 2 * LARGEST + 8 * MEBIBYTE
#: What is not sent is copied when the transport joins it (Twisted's FileDescriptor.doWrite), one
#: client at a time: for that moment there is as much again.
JOINED = 16 * CLIENT_BYTES
#: What is none of a client's: reading, writing, and the others.
NOISE = 6 * MEBIBYTE

#: What a client that was closed has asked for still comes, and others wait for it.
KEYS = (
    f"client_bytes_max: {CLIENT_BYTES}",
    f"item_size_max: {LARGEST}",
    "client_requests_max: 256",
    "timeout: 20000",
)

VALUE = b"v" * (LARGEST - 1024)
BLOCK = b"VALUE large 0 %d\r\n%s\r\n" % (len(VALUE), VALUE)


@pytest.fixture(scope="module")
def _memcached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached("-m", "128")) for _ in range(2)]
        yield started.enter_context(Proxy(tmp_path_factory.mktemp("hostile"), servers, *KEYS))


@pytest.fixture(scope="module")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with ExitStack() as started:
        servers = [started.enter_context(startRedis()) for _ in range(2)]
        folder = tmp_path_factory.mktemp("hostile")
        yield started.enter_context(Proxy(folder, servers, "redis: true", *KEYS))


def isIdle(counters: dict[str, Any]) -> bool:
    """
    Whether nobody is there, and nothing on its way: what a client that was closed has asked for
    still comes, and would be counted as memory of the next test.
    """
    queues = (counters[server][queue] for server in ("s0", "s1") for queue in QUEUES)
    return not (counters["client_connections"] or any(queues))


@pytest.fixture
def memcached(_memcached: Proxy) -> Iterator[Proxy]:
    """A pool of memcacheds, with others who are served while the test goes on."""
    with watched(_memcached):
        with bystanders(_memcached):
            yield _memcached
        _memcached.waitFor(isIdle)


@pytest.fixture
def redis(_redis: Proxy) -> Iterator[Proxy]:
    """A pool of redis servers, with others who are served while the test goes on."""
    with watched(_redis):
        with bystanders(_redis, redis=True):
            yield _redis
        _redis.waitFor(isIdle)


def store(proxy: Proxy) -> socket.socket:
    """Store the large value; the connection stays."""
    client = proxy.connect()
    request = b"set large 0 0 %d\r\n%s\r\n" % (len(VALUE), VALUE)
    assert answered(client, request, 8) == b"STORED\r\n"
    return client


def errorsOf(proxy: Proxy) -> int:
    """How many clients have ended in any way but well."""
    return int(proxy.stats()["pool"]["client_err"])


def test_aClientThatNeverReads(memcached: Proxy) -> None:
    """It first makes the proxy believe in small replies, then asks for large ones."""
    before = errorsOf(memcached)
    with closing(store(memcached)) as client:
        for _ in range(30):
            answered(client, b"get nothing\r\n" * 8, 5 * 8)
        memory = Memory(memcached)
        pushed(client, b"get large\r\n" * 4000)
        memcached.waitFor(lambda counters: counters["client_err"] == before + 1)
        assert memory.peak() < BOUND + JOINED


def test_aThousandThatNeverWrite(memcached: Proxy) -> None:
    """A connection alone costs little."""
    memory = Memory(memcached)
    with ExitStack() as opened:
        for _ in range(1000):
            opened.enter_context(closing(memcached.connect()))
        memcached.waitFor(lambda counters: counters["client_connections"] >= 1000)
        assert memory.peak() < 1000 * 12 * 1024 + NOISE
    memcached.waitFor(lambda counters: counters["client_connections"] < 1000)


def test_noDescriptorIsLeft(tmp_path: Path) -> None:
    """The proxy's own lack is an error for who asks, and no reason to eject a server."""
    ejecting = ("auto_eject_hosts: true", "server_failure_limit: 1")
    with startMemcached() as server, Proxy(tmp_path, [server], *ejecting) as proxy:
        with closing(proxy.connect()) as client:
            assert answered(client, b"verbosity 1\r\n", 4) == b"OK\r\n"
            before = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (1, before[1]))
            line = b"SERVER_ERROR Too many open files\r\n"
            for _ in range(3):
                assert answered(client, b"get k\r\n", len(line)) == line
            resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, before)
            assert answered(client, b"get k\r\n", 5) == b"END\r\n"
        counters = proxy.stats()["pool"]
        assert (counters["server_ejects"], counters["s0"]["server_err"]) == (0, 3)


def test_aValueThatComesByteByByte(memcached: Proxy) -> None:
    """What is held of it is what has come."""
    memory = Memory(memcached)
    with closing(memcached.connect()) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        client.sendall(b"set slow 0 0 1000000\r\n")
        for _ in range(20_000):
            client.send(b"x")
        assert memory.peak() < NOISE


def test_aGibibyteIsSwallowed(memcached: Proxy) -> None:
    """A value that is too large is refused at once, and nothing of it is kept."""
    memory = Memory(memcached)
    with closing(memcached.connect()) as client:
        line = b"SERVER_ERROR object too large for cache\r\n"
        assert answered(client, b"set k 0 0 1073741824\r\n", len(line)) == line
        piece = b"x" * MEBIBYTE
        for _ in range(200):
            client.sendall(piece)
        assert memory.peak() < NOISE


def test_aLineWithoutEnd(memcached: Proxy) -> None:
    """It is read up to its bound; then the client is told and closed."""
    memory = Memory(memcached)
    with closing(memcached.connect()) as client:
        assert not pushed(client, b"get " + b"k" * (64 * MEBIBYTE))
        assert untilEnd(client) == b"CLIENT_ERROR line too long\r\n"
    assert memory.peak() < 4 * MEBIBYTE + NOISE


def test_tenThousandRequestsBeforeTheFirstReplyIsRead(memcached: Proxy) -> None:
    """All of them are answered, as they were asked."""
    memory = Memory(memcached)
    with closing(memcached.connect()) as client:
        client.sendall(b"set mine 0 0 4\r\nmine\r\n" + b"get mine\r\n" * 10_000)
        reply = b"VALUE mine 0 4\r\nmine\r\nEND\r\n"
        assert heard(client, 8) == b"STORED\r\n"
        assert heard(client, len(reply) * 10_000) == reply * 10_000
    assert memory.peak() < BOUND


def test_oneKeyAThousandTimes(memcached: Proxy) -> None:
    """A reply that is larger than the proxy holds is an error, for who asked."""
    with closing(store(memcached)) as client:
        memory = Memory(memcached)
        line = b"SERVER_ERROR reply too large\r\n"
        assert answered(client, b"get" + b" large" * 200 + b"\r\n", len(line)) == line
        assert answered(client, b"get nothing\r\n", 5) == b"END\r\n"
    assert memory.peak() < BOUND


def test_whatWasAskedBeforeAHalfCloseIsAnswered(memcached: Proxy) -> None:
    """And then the connection is closed, without a fault."""
    before = errorsOf(memcached)
    with closing(store(memcached)) as client:
        client.sendall(b"get large\r\n" * 5 + b"get nothing\r\n")
        client.shutdown(socket.SHUT_WR)
        assert untilEnd(client) == (BLOCK + b"END\r\n") * 5 + b"END\r\n"
    assert errorsOf(memcached) == before


def test_severalClientsThatNeverRead(memcached: Proxy) -> None:
    """Each knows nothing else, and is read no further than its first few requests."""
    store(memcached).close()
    memory = Memory(memcached)
    with ExitStack() as opened:
        clients = [opened.enter_context(closing(memcached.connect())) for _ in range(10)]
        for each in clients:
            pushed(each, b"get large\r\n" * 100)
        assert answered(clients[0], b"", len(BLOCK)) == BLOCK
    assert memory.peak() < 10 * BOUND


def test_whatRedisWasAskedBeforeAHalfCloseIsAnswered(redis: Proxy) -> None:
    """The same in a redis pool."""
    with closing(redis.connect()) as client:
        client.sendall(
            b"SET mine %s\r\n" % (b"v" * 1000) + b"GET mine\r\n" * 50 + b"MGET a b c\r\n"
        )
        client.shutdown(socket.SHUT_WR)
        value = b"$1000\r\n%s\r\n" % (b"v" * 1000)
        assert untilEnd(client) == b"+OK\r\n" + value * 50 + b"*3\r\n" + b"$-1\r\n" * 3


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"*2147483648\r\n", b"invalid multibulk length"),
        (b"*1\r\n$2147483648\r\n", b"invalid bulk length"),
        (b"*2\r\n$3\r\nGET\r\n$1048577\r\n", b"invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + b"$" * 70_000, b"too big bulk count string"),
        (b"x" * 70_000, b"too big inline request"),
    ],
)
def test_redisRequestsOfNoMeasure(redis: Proxy, said: bytes, error: bytes) -> None:
    """They are refused at the word, and the connection is closed."""
    memory = Memory(redis)
    with closing(redis.connect()) as client:
        client.sendall(said)
        assert untilEnd(client) == b"-ERR Protocol error: " + error + b"\r\n"
    assert memory.peak() < NOISE


def test_aRedisRequestOfManyArguments(redis: Proxy) -> None:
    """Each of them is small, and their sum is bounded."""
    memory = Memory(redis)
    with closing(redis.connect()) as client:
        pushed(client, b"*1048576\r\n$3\r\nDEL\r\n" + b"$1\r\nk\r\n" * 1_000_000)
        assert untilEnd(client) == b"-ERR Protocol error: too big request\r\n"
    with closing(redis.connect()) as client:
        pushed(client, b"*1000\r\n$4\r\nMSET\r\n" + b"$1000000\r\n%s\r\n" % (b"v" * 1_000_000) * 99)
        assert untilEnd(client) == b"-ERR Protocol error: too big request\r\n"
    assert memory.peak() < 4 * MEBIBYTE + NOISE


def test_oneRedisKeyAThousandTimes(redis: Proxy) -> None:
    """A reply that is larger than the proxy holds is an error, for who asked."""
    with closing(redis.connect()) as client:
        value = b"v" * 1_000_000
        stored = answered(
            client, b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$1000000\r\n%s\r\n" % value, 5
        )
        assert stored == b"+OK\r\n"
        memory = Memory(redis)
        line = b"-ERR Invalid argument\r\n"
        assert answered(client, b"MGET" + b" large" * 200 + b"\r\n", len(line)) == line
        assert answered(client, b"GET none\r\n", 5) == b"$-1\r\n"
    assert memory.peak() < BOUND


def test_aSilentClientIsClosedAndAnActiveOneIsNot(tmp_path: Path) -> None:
    """With client_idle_timeout, on a clock nobody moves."""
    keys = (*KEYS, "client_idle_timeout: 1500")
    with startMemcached() as server, Proxy(tmp_path, [server], *keys) as proxy:
        with bystanders(proxy), closing(proxy.connect()) as silent:
            silent.settimeout(SECONDS)
            assert silent.recv(1) == b""
        proxy.waitFor(lambda counters: counters["client_err"] == 1)
