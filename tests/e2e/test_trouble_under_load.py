"""A server that dies or hangs in the middle of many pipelines: nobody gets another's answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.command import exchange
from tests.e2e.conftest import Pool
from tests.e2e.faults.day import LATE
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import RealServer, startMemcached

CLIENTS, REQUESTS = 8, 400
BARRIER = b"MN\r\n"

REPLY = re.compile(rb"VALUE (\S+) 0 \d+\r\n(\S*)\r\nEND\r\n|(SERVER_ERROR [^\r]+)\r\n")


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    """A proxy that gives its three servers two seconds, and nobody but a held one is so late."""
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached()) for _ in range(3)]
        proxy = started.enter_context(Proxy(tmp_path, servers, f"timeout: {LATE}"))
        with watched(proxy):
            yield Pool(proxy, servers)


def keysOf(client: int) -> list[bytes]:
    """The keys that one client asks for, in order."""
    return [b"key-%d-%d" % (client, number) for number in range(REQUESTS)]


def valueOf(key: bytes) -> bytes:
    """A value that tells its key, of any length up to some thousand bytes."""
    return key * (1 + sum(key) % 300)


def fill(pool: Pool) -> None:
    """Store the values of all clients' keys."""
    with pool.proxy.connect() as client:
        for number in range(CLIENTS):
            values = [(key, valueOf(key)) for key in keysOf(number)]
            sets = (b"ms %b %d q\r\n%b\r\n" % (key, len(value), value) for key, value in values)
            assert exchange(client, b"".join(sets) + b"mn\r\n", BARRIER) == BARRIER


def send(clients: list[socket.socket], part: slice) -> None:
    """Have each client send a part of its requests, without waiting for answers."""
    for number, client in enumerate(clients):
        client.sendall(b"".join(b"get %b\r\n" % key for key in keysOf(number)[part]))


def check(client: socket.socket, number: int) -> int:
    """Hold every answer to be the request's own value or an error; the number of errors."""
    received = exchange(client, b"mn\r\n", BARRIER).removesuffix(BARRIER)
    answers = list(REPLY.finditer(received))
    assert b"".join(each[0] for each in answers) == received
    assert len(answers) == REQUESTS
    for key, answer in zip(keysOf(number), answers, strict=True):
        assert answer[3] or (answer[1], answer[2]) == (key, valueOf(key))
    return sum(bool(each[3]) for each in answers)


@pytest.mark.parametrize("trouble", [RealServer.kill, RealServer.stop])
def test_everyRequestGetsItsOwnAnswerOrAnError(
    pool: Pool, trouble: Callable[[RealServer], None]
) -> None:
    """Each of thousands of requests is answered once, in order; errors are of one server only."""
    fill(pool)
    with ExitStack() as opened:
        clients = [opened.enter_context(pool.proxy.connect()) for _ in range(CLIENTS)]
        send(clients, slice(REQUESTS // 2))
        trouble(pool.servers[1])
        send(clients, slice(REQUESTS // 2, None))
        errors = [check(client, number) for number, client in enumerate(clients)]
    pool.servers[1].kill()
    lost = sum(pool.holders(key) == [] for number in range(CLIENTS) for key in keysOf(number))
    assert 0 < sum(errors) <= lost
    assert pool.proxy.stats()["pool"]["forward_error"] == sum(errors)
