"""The examples of the documentation run as they are."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

from .command import SECONDS, TWISTD, Running, exchange, finished, freePort
from .servers import HOST, startMemcached

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SAID = "hello through the pool\n"


def test_theEmbeddingProgramNeedsNoServer(tmp_path):
    """Without arguments it stores and fetches through a pool in front of its own servers."""
    done = finished(sys.executable, EXAMPLES / "embed.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, SAID), done.stderr
    assert done.stderr == ""


def test_theEmbeddingProgramUsesTheServersItIsGiven(tmp_path):
    """What it stores is found on the memcached that it was told of."""
    with startMemcached() as server:
        place = f"127.0.0.1:{server.port}"
        done = finished(sys.executable, EXAMPLES / "embed.py", place, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, SAID), done.stderr
        with socket.create_connection((HOST, server.port), SECONDS) as direct:
            found = exchange(direct, b"get greeting\r\n", b"END\r\n")
    assert found == b"VALUE greeting 0 22\r\nhello through the pool\r\nEND\r\n"


def test_theApplicationServesTheConfiguredPools(tmp_path):
    """Under twistd -ny values reach the memcached of the file, and SIGTERM ends it."""
    port = freePort()
    (tmp_path / "conf").mkdir()
    with startMemcached() as server:
        (tmp_path / "conf" / "nutcracker.yml").write_text(
            f"cache:\n  listen: 127.0.0.1:{port}\n  servers:\n  - 127.0.0.1:{server.port}:1\n"
        )
        with Running(*TWISTD, "-ny", EXAMPLES / "proxy.tac", cwd=tmp_path) as running:
            with running.connect(port) as client:
                assert exchange(client, b"set k 0 0 1\r\nx\r\n", b"\r\n") == b"STORED\r\n"
            with socket.create_connection((HOST, server.port), SECONDS) as direct:
                found = exchange(direct, b"get k\r\n", b"END\r\n")
            assert found == b"VALUE k 0 1\r\nx\r\nEND\r\n"
            # twistd dies of the signal once everything is stopped.
            assert running.stop(signal.SIGTERM, 5) == -signal.SIGTERM, running.said
