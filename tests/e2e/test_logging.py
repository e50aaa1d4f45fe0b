"""The log of the command, for programs and for people, wherever it is written."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from .command import MODULE, SECONDS, TWISTD, Running, exchange, freePort, poolFile

JSON = ("--log-format=json",)
WAYS = {
    "twistd": (*TWISTD, "-n", "--pidfile=", "nutproxy"),
    "nutproxy run": (sys.executable, "-m", "nuttwist", "run"),
    "python -m twisted": (*MODULE, "nutproxy"),
}


def options(config: Path, *more: str) -> list[str | Path]:
    """The options that every way to start has."""
    stats = str(freePort())
    return ["--config", config, "--stats-addr=127.0.0.1", "--stats-port", stats, *more]


def events(said: str) -> list[dict]:
    """The events of a log in JSON; it has no other lines."""
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_everyLineIsAnObject(way: str, tmp_path: Path) -> None:
    """From the first line to the last, the runner's own words included."""
    port = freePort()
    config = poolFile(tmp_path, port, "auto_eject_hosts: true", "server_failure_limit: 1")
    with Running(*WAYS[way], *options(config, *JSON), cwd=tmp_path) as running:
        with running.connect(port) as client:
            assert exchange(client, b"get a\r\n", b"\r\n") == b"SERVER_ERROR Connection refused\r\n"
        running.waitFor('"server_ejected"')
        running.stop(signal.SIGTERM, SECONDS)
    told = events(running.said)
    assert [each["event"] for each in told if each["event"] != "log"] == [
        "starting",
        "listening",
        "listening",
        "started",
        "server_unreachable",
        "server_ejected",
        "stopping",
        "listener_closed",
        "listener_closed",
        "pool_stopped",
        "stopped",
    ]
    (ejected,) = [each for each in told if each["event"] == "server_ejected"]
    assert (ejected["level"], ejected["pool"]) == ("warn", "alpha")


def test_workersEventsHaveTheirNumber(tmp_path: Path) -> None:
    """What a worker tells is in the parent's log, with its fields and the worker's number."""
    port = freePort()
    config = poolFile(tmp_path, port)
    words = options(config, *JSON, "--workers=2", "--verbose=7")
    with Running(*WAYS["twistd"], *words, cwd=tmp_path) as running:
        with running.connect(port) as client:
            exchange(client, b"get a\r\nquit\r\n", b"refused\r\n")
        running.waitFor('"client_closed"')
        running.stop(signal.SIGTERM, SECONDS)
    (closed,) = [each for each in events(running.said) if each["event"] == "client_closed"]
    assert (closed["pool"], closed["reason"], closed["received"]) == ("alpha", "quit", 13)
    assert closed["worker"] in (0, 1)


def test_aReopenedLogIsStillInJson(tmp_path: Path) -> None:
    """After SIGUSR1 the new file has objects too, and no event is lost."""
    port, log = freePort(), tmp_path / "log"
    words = options(poolFile(tmp_path, port), *JSON, f"--output={log}")
    with Running(*WAYS["nutproxy run"], *words, cwd=tmp_path) as running:
        running.connect(port).close()
        running.statistics(int(words[words.index("--stats-port") + 1]))
        log.rename(tmp_path / "old")
        running.send(signal.SIGUSR1)
        running.stop(signal.SIGTERM, SECONDS)
    names = [
        each["event"]
        for path in (tmp_path / "old", log)
        for each in events(path.read_text())
        if each["event"] != "log"
    ]
    assert names[:1] == ["starting"]
    assert names[-1:] == ["stopped"]
    assert names.count("log_reopened") == 1


def test_clientsAreNotInTheLogByDefault(tmp_path: Path) -> None:
    """Somebody who comes and goes leaves no line; who listens where is said once."""
    port = freePort()
    with Running(*WAYS["twistd"], *options(poolFile(tmp_path, port)), cwd=tmp_path) as running:
        with running.connect(port) as client:
            assert exchange(client, b"verbosity 1\r\nquit\r\n", b"OK\r\n") == b"OK\r\n"
        running.stop(signal.SIGTERM, SECONDS)
    assert f"alpha: listening on 127.0.0.1:{port}\n" in running.said
    assert "starting on" not in running.said
    assert "accepted" not in running.said
