"""How many workers the command line asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError

from nuttwist.options import Options
from nuttwist.service import ProxyService
from nuttwist.tap import makeService
from nuttwist.workers.crew import WorkersService

POOL = "alpha:\n  listen: 127.0.0.1:22121\n  servers:\n    - 127.0.0.1:11211:1\n"


def parsed(*arguments: str) -> Options:
    """The options of this command line."""
    options = Options()
    options.parseOptions(list(arguments))
    return options


@pytest.mark.parametrize("words", [("-w", "3"), ("--workers", "3"), ("--workers=3",)])
def test_numberOfWorkers(words: tuple[str, ...]) -> None:
    """The option is a number of processes."""
    assert parsed(*words)["workers"] == 3


def test_noneIsAsManyAsProcessors(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 stands for the processors that this process may use, not for all of the machine."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5})
    assert parsed("-w", "0")["workers"] == 3


@pytest.mark.parametrize("value", ["-1", "1025", "two", ""])
def test_otherNumbersAreRefused(value: str) -> None:
    """The error names the option, the value and what is allowed."""
    with pytest.raises(UsageError, match=f"--workers: {value!r} is not a whole number from 0 to"):
        parsed("--workers", value)


def test_demoIsOneProcess() -> None:
    """The demo's servers live in its process, so it has no workers."""
    with pytest.raises(UsageError, match="--workers: the demo is one process"):
        parsed("--demo", "-w", "2")


@pytest.mark.parametrize(("workers", "kind"), [("1", ProxyService), ("2", WorkersService)])
def test_oneIsASingleProcess(workers: str, kind: type, tmp_path: Path) -> None:
    """Without more than one worker there is no parent: the process serves by itself."""
    path = tmp_path / "one.yml"
    path.write_text(POOL)
    (service,) = makeService(parsed("-c", str(path), "-w", workers), MemoryReactorClock())
    assert type(service) is kind
