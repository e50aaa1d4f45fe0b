"""The real servers that other tests lean on can be started, held, killed and brought back."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.e2e.command import SECONDS
from tests.e2e.servers import HOST, RealServer, ServerNotStartedError, startMemcached, startRedis

_PROGRAMS = [
    pytest.param(startMemcached, b"version\r\n", b"VERSION", id="memcached"),
    pytest.param(startRedis, b"PING\r\n", b"+PONG", id="redis"),
]


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection((HOST, port), timeout=SECONDS) as client:
        client.sendall(request)
        return client.recv(4096)


@pytest.mark.parametrize(("start", "request_", "reply"), _PROGRAMS)
def test_comesBackOnTheSamePort(
    start: Callable[[], RealServer], request_: bytes, reply: bytes
) -> None:
    """A server that was killed refuses connections, and answers on its old port after a restart."""
    with start() as server:
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            _ask(server.port, request_)
        server.restart()
        assert _ask(server.port, request_).startswith(reply)


@pytest.mark.parametrize(("start", "request_", "reply"), _PROGRAMS)
def test_heldServerAcceptsAndIsSilent(
    start: Callable[[], RealServer], request_: bytes, reply: bytes
) -> None:
    """A held server lets clients connect but answers only when it goes on."""
    with start() as server, socket.create_connection((HOST, server.port)) as client:
        server.stop()
        client.sendall(request_)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(4096)
        server.cont()
        client.settimeout(SECONDS)
        assert client.recv(4096).startswith(reply)


def test_closingTwiceIsAllowed() -> None:
    """A held server can be closed, and closed again."""
    server = startMemcached()
    server.stop()
    server.close()
    server.close()


def test_missingProgramFails() -> None:
    """A program that is not installed fails with its name."""
    with pytest.raises(ServerNotStartedError, match="no-such-server"):
        RealServer(["no-such-server"], 1)


def test_programThatEndsFailsWithItsWords() -> None:
    """A program that ends at once fails without waiting, with what it wrote."""
    with pytest.raises(ServerNotStartedError, match="no-such-option"):
        RealServer(["memcached", "--no-such-option"], 1)
