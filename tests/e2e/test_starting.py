"""Starting and stopping the command: ports, signals, pid file, log, and the demo."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.e2e.command import (
    MODULE,
    SECONDS,
    TWISTD,
    Running,
    exchange,
    finished,
    freePort,
    poolFile,
    untilClosed,
)

#: With this a test is over its time if anything is drained that has not to be.
FOR_EVER = "drain_timeout: 3600000"

RUNNERS = pytest.mark.parametrize("runner", [(*TWISTD, "-n"), MODULE], ids=["twistd", "module"])


@pytest.fixture
def occupied() -> Iterator[int]:
    """A loopback port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def demoPort() -> Iterator[int]:
    """The one port of the demo; tests of other processes that want it wait meanwhile."""
    with (Path(gettempdir()) / "nuttwist-demo.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield 22121


@contextmanager
def outlived() -> Iterator[int]:
    """
    Wait in the end until all processes are gone that have inherited this descriptor: a daemon that
    has told its parent about its trouble still has its pid file to remove, and its log to write.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as other:
        try:
            yield writing
        finally:
            os.close(writing)
        assert select.select([other], [], [], SECONDS)[0], "it does not end"


def options(path: Path, statsPort: int) -> list[str]:
    """The arguments of a plain start, with statistics on loopback."""
    return ["nutproxy", "-c", str(path), "-a", "127.0.0.1", "-s", str(statsPort)]


@RUNNERS
def test_portOfPoolInUseIsAnError(runner: tuple[str, ...], occupied: int, tmp_path: Path) -> None:
    """A start on a pool's taken port ends at once with the address, and leaves no pid file."""
    path = poolFile(tmp_path, occupied)
    ended = finished(*runner, *options(path, freePort()), cwd=tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f"nutproxy: alpha: cannot listen on 127.0.0.1:{occupied}: " in said
    assert "Traceback" not in said
    assert not (tmp_path / "twistd.pid").exists()


@RUNNERS
def test_portOfStatisticsInUseIsAnError(
    runner: tuple[str, ...], occupied: int, tmp_path: Path
) -> None:
    """A start on a taken statistics port ends in the same way."""
    ended = finished(*runner, *options(poolFile(tmp_path, freePort()), occupied), cwd=tmp_path)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{occupied}: " in ended.stdout + ended.stderr


def test_daemonReportsPortInUseToTheTerminal(occupied: int, tmp_path: Path) -> None:
    """A daemon that cannot listen says so before its parent returns, and in its log."""
    with outlived() as inherited:
        command = (*TWISTD, *options(poolFile(tmp_path, occupied), freePort()))
        ended = finished(*command, cwd=tmp_path, inherited=[inherited])
    assert ended.returncode == 1
    assert f"127.0.0.1:{occupied}" in ended.stderr
    assert f"127.0.0.1:{occupied}" in (tmp_path / "twistd.log").read_text()
    assert not (tmp_path / "twistd.pid").exists()


@RUNNERS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signalStopsIt(runner: tuple[str, ...], number: signal.Signals, tmp_path: Path) -> None:
    """A signal ends the process, and a client who waits for nothing is not waited for."""
    port, statsPort = freePort(), freePort()
    path = poolFile(tmp_path, port, FOR_EVER)
    with (
        Running(*runner, *options(path, statsPort), cwd=tmp_path) as proxy,
        proxy.connect(port) as client,
    ):
        proxy.statistics(statsPort)
        assert proxy.stop(number, SECONDS) == -number
        assert untilClosed(client) == b""


@RUNNERS
def test_hangUpReadsTheFileAgain(runner: tuple[str, ...], tmp_path: Path) -> None:
    """SIGHUP, which scripts for the original send to reopen its log, does no harm."""
    statsPort = freePort()
    path = poolFile(tmp_path, freePort())
    with Running(*runner, *options(path, statsPort), cwd=tmp_path) as proxy:
        proxy.statistics(statsPort)
        proxy.send(signal.SIGHUP)
        proxy.waitFor("nothing changed")
        assert "service" in json.loads(proxy.statistics(statsPort))


@RUNNERS
def test_statisticsAnswerOnTheirPort(runner: tuple[str, ...], tmp_path: Path) -> None:
    """Either runner serves the statistics where the options say."""
    statsPort = freePort()
    path = poolFile(tmp_path, freePort())
    with Running(*runner, *options(path, statsPort), cwd=tmp_path) as proxy:
        assert "service" in json.loads(proxy.statistics(statsPort))


def test_daemonStopsAndTakesItsPidFileAway(tmp_path: Path) -> None:
    """The parent returns when the daemon listens; SIGTERM ends it."""
    port, statsPort = freePort(), freePort()
    path = poolFile(tmp_path, port, FOR_EVER)
    started = finished(*TWISTD, *options(path, statsPort), cwd=tmp_path)
    pidFile = tmp_path / "twistd.pid"
    daemon = os.pidfd_open(int(pidFile.read_text()))
    try:
        # Only a reactor that runs, and therefore answers, handles signals.
        with socket.create_connection(("127.0.0.1", statsPort), SECONDS) as client:
            assert untilClosed(client)
        with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
            # The kernel resets who has not been accepted when nobody listens any more.
            exchange(client, b"verbosity 1\r\n", b"OK\r\n")
            signal.pidfd_send_signal(daemon, signal.SIGTERM)
            ended, _, _ = select.select([daemon], [], [], SECONDS)
            assert untilClosed(client) == b""
    finally:
        os.close(daemon)
    assert (started.returncode, ended, pidFile.exists()) == (0, [daemon], False)


@pytest.mark.parametrize(("verbosity", "shown"), [("5", True), ("4", False)])
def test_verbositySetsWhatIsLogged(verbosity: str, shown: bool, tmp_path: Path) -> None:
    """What twistd says of its end is information, which verbosity 5 shows and 4 does not."""
    statsPort = freePort()
    path = poolFile(tmp_path, freePort())
    command = (*TWISTD, "-n", *options(path, statsPort), "-v", verbosity)
    with Running(*command, cwd=tmp_path) as proxy:
        proxy.statistics(statsPort)
        proxy.stop(signal.SIGTERM, SECONDS)
        assert ("Server Shut Down" in proxy.said) == shown


@RUNNERS
def test_demoServesWithNothingElseRunning(
    runner: tuple[str, ...], demoPort: int, tmp_path: Path
) -> None:
    """The demo says what to try, and what it says works."""
    command = (*runner, "nutproxy", "--demo", "-a", "127.0.0.1", "-s", str(freePort()))
    with Running(*command, cwd=tmp_path) as proxy, proxy.connect(demoPort) as client:
        stored = exchange(client, b"set greeting 0 0 5\r\nhello\r\n", b"\r\n")
        found = exchange(client, b"get greeting\r\n", b"END\r\n")
        proxy.waitFor("get greeting")
    assert (stored, found) == (b"STORED\r\n", b"VALUE greeting 0 5\r\nhello\r\nEND\r\n")
