"""The examples of the documentation run as they are."""

from __future__ import annotations

import re
import signal
import socket
import sys
from pathlib import Path

from .command import SECONDS, TWISTD, Running, exchange, finished, freePort
from .servers import HOST, startMemcached

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PAGE = (EXAMPLES.parent / "in-a-program.md").read_text(encoding="utf-8")
PIECES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
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
            assert running.stop(signal.SIGTERM, SECONDS) == -signal.SIGTERM, running.said


def test_theProgramOfThePageSaysWhatThePageSays(tmp_path):
    """The pieces of docs/in-a-program.md are one program, and its output is the one shown."""
    *pieces, _ = PIECES
    (tmp_path / "shop.py").write_text("\n\n".join(pieces))
    done = finished(sys.executable, "shop.py", cwd=tmp_path)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert (done.returncode, done.stdout) == (0, shown), done.stderr
    assert done.stderr == ""


def test_theTestOfThePagePasses(tmp_path):
    """Its last piece is a test of the program, which trial runs without a socket."""
    *pieces, test = PIECES
    (tmp_path / "shop.py").write_text("\n\n".join(pieces))
    (tmp_path / "test_shop.py").write_text(test)
    done = finished(sys.executable, "-m", "twisted.trial", "test_shop", cwd=tmp_path)
    assert "PASSED (successes=1)" in done.stdout, done.stdout
