"""
Pools of real memcacheds behind a real proxy, shared by the tests of a module.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from attrs import frozen

from tests.e2e.command import SECONDS, exchange
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import HOST, RealServer, startMemcached

_SERVERS = 3

# Whoever runs the tests in the background of a shell has it ignored, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@frozen
class Pool:
    """
    A proxy with its servers.

    @ivar servers: by the number in their names.
    """

    proxy: Proxy
    servers: list[RealServer]

    @property
    def address(self) -> str:
        """The proxy's pool, as most client libraries want it."""
        return f"{HOST}:{self.proxy.port}"

    def holders(self, key: bytes) -> list[int]:
        """The numbers of the servers that have a key, asked without the proxy."""
        servers = enumerate(self.servers)
        return [number for number, each in servers if valueOn(each, key) is not None]

    def clear(self) -> None:
        """Empty every server, without the proxy."""
        for server in self.servers:
            with closing(socket.create_connection((HOST, server.port), timeout=SECONDS)) as client:
                assert exchange(client, b"flush_all\r\n", b"\r\n") == b"OK\r\n"


def valueOn(server: RealServer, key: bytes) -> bytes | None:
    """Ask a memcached for a value, without the proxy; None when it has none or is not there."""
    try:
        client = socket.create_connection((HOST, server.port), timeout=SECONDS)
    except ConnectionRefusedError:
        return None
    with closing(client):
        reply = exchange(client, b"get " + key + b"\r\n", b"END\r\n")
    return reply.split(b"\r\n")[1] if reply.startswith(b"VALUE") else None


def _poolOf(folder: Path, *keys: str) -> Iterator[Pool]:
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached()) for _ in range(_SERVERS)]
        yield Pool(started.enter_context(Proxy(folder, servers, *keys)), servers)


def _watched(pool: Pool) -> Iterator[Pool]:
    pool.clear()
    with watched(pool.proxy):
        yield pool


@pytest.fixture(scope="module")
def _plainPool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    yield from _poolOf(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def _flushablePool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    yield from _poolOf(tmp_path_factory.mktemp("flushable"), "flush_all: true")


@pytest.fixture
def pool(_plainPool: Pool) -> Iterator[Pool]:
    """A pool of empty servers, with nothing but C{listen} and C{servers} in its configuration."""
    yield from _watched(_plainPool)


@pytest.fixture
def flushable(_flushablePool: Pool) -> Iterator[Pool]:
    """The same with C{flush_all: true}."""
    yield from _watched(_flushablePool)
