"""C{nutproxy run} as a process: in place of nutcracker, started and ended as its scripts do."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.command import SECONDS, Running, exchange, finished, freePort, poolFile, untilClosed
from tests.e2e.replaying import playing
from tests.e2e.servers import startMemcached
from tests.rig.cases import load
from tests.transcripts.replay import DEFAULT_PROXY, Runner

NUTPROXY = (sys.executable, "-m", "nuttwist")
CASES = {case["name"]: case for case in load(["memcached-*.json", "redis-*.json", "stats.json"])}
NAMES = [
    "mc-eject-single-server",
    "mc-fail-kill-restart",
    "mc-half-close-slow-server",
    "mc-pipeline-100",
    "mc-value-900k",
    "redis-auth-flow",
    "stats-client-connections",
]


@pytest.fixture
def place(tmp_path: Path) -> list[str]:
    """The options that keep a proxy in the test's own folder."""
    return ["-s", str(freePort()), "-a", "127.0.0.1", "-p", str(tmp_path / "pid")]


def test_servesInTheForegroundUntilSigterm(tmp_path: Path, place: list[str]) -> None:
    """The process that was started serves and logs on standard error; its pid file goes with it."""
    with startMemcached() as server:
        port = freePort()
        path = tmp_path / "nutcracker.yml"
        path.write_text(
            f"a:\n  listen: 127.0.0.1:{port}\n  servers:\n    - 127.0.0.1:{server.port}:1\n"
        )
        with Running(*NUTPROXY, "run", "-c", path, *place, cwd=tmp_path) as proxy:
            with closing(proxy.connect(port)) as client:
                stored = exchange(client, b"set k 0 0 1\r\nv\r\n", b"\r\n")
                assert stored + exchange(client, b"get k\r\n", b"END\r\n") == (
                    b"STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n"
                )
            assert (tmp_path / "pid").read_text() == str(proxy._process.pid)
            assert proxy.stop(signal.SIGTERM, SECONDS) == -signal.SIGTERM
    assert not (tmp_path / "pid").exists()
    assert "Server Shut Down" in proxy.said


def test_daemonIsToldByItsPidFile(tmp_path: Path, place: list[str]) -> None:
    """With -d the command returns once the daemon serves; SIGTERM ends it with its pid file."""
    port = freePort()
    words = ["-d", "-c", poolFile(tmp_path, port), "-o", tmp_path / "log", *place]
    started = finished(*NUTPROXY, "run", *words, cwd=tmp_path)
    assert (started.returncode, started.stdout, started.stderr) == (0, "", "")
    number = int((tmp_path / "pid").read_text())
    try:
        with closing(socket.create_connection(("127.0.0.1", int(place[1])), SECONDS)) as asked:
            assert b'"service": "nuttwist"' in untilClosed(asked)
    finally:
        ended = os.pidfd_open(number)
        os.kill(number, signal.SIGTERM)
        _waitForEnd(ended)
    assert not (tmp_path / "pid").exists()
    assert "Server Shut Down" in (tmp_path / "log").read_text()


def _waitForEnd(process: int) -> None:
    readable, _, _ = select.select([process], [], [], SECONDS)
    os.close(process)
    assert readable, "the daemon did not end"


def test_daemonThatCannotListenIsAFailedStart(tmp_path: Path, place: list[str]) -> None:
    """The port that is taken is told to whoever started the daemon, with status 1."""
    port = freePort()
    with Running(*NUTPROXY, "run", "-c", poolFile(tmp_path, port), *place, cwd=tmp_path) as first:
        first.connect(port).close()
        words = ["-d", "-c", poolFile(tmp_path, port), "-s", str(freePort()), "-a", "127.0.0.1"]
        second = finished(*NUTPROXY, "run", *words, "-o", tmp_path / "log", cwd=tmp_path)
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


@pytest.mark.parametrize(("keys", "status", "word"), [([], 0, "ok"), (["hash: x"], 1, "invalid")])
def test_configurationIsTestedAsByNutcracker(
    tmp_path: Path, keys: list[str], status: int, word: str
) -> None:
    """The verdict is on standard error, in nutcracker's words."""
    path = poolFile(tmp_path, freePort(), *keys)
    ended = finished(*NUTPROXY, "run", "-t", "-c", path, cwd=tmp_path)
    verdict = f"nutproxy: configuration file '{path}' syntax is {word}"
    assert (ended.returncode, ended.stdout) == (status, "")
    assert ended.stderr.splitlines()[0] == verdict


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """What plays a case, with the words that it starts nutcracker with."""
    words = DEFAULT_PROXY.partition(" ")[2]
    with playing(f"{' '.join(NUTPROXY)} run {words}") as runner:
        yield runner


@pytest.mark.parametrize("name", NAMES)
def test_conversationIsTheSame(runner: Runner, name: str) -> None:
    """Started with nutcracker's own words, it says what nutcracker said."""
    assert runner.run(CASES[name], record=False) == []
