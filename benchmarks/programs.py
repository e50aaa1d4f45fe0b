"""Processes that are started, waited for, and stopped again whatever happens."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Below the ports that the kernel hands to connecting clients, so that none is taken meanwhile.
PORTS = range(20_000, 32_000)
#: Debian installs nutcracker where only root's path looks.
SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
START_SECONDS = 20
STOP_SECONDS = 10


class NotStarted(Exception):
    """A program is missing, or ended instead of listening."""


def find(name: str) -> str:
    """
    @return: the program's path.
    @raise NotStarted: there is none.
    """
    path = shutil.which(name, path=SEARCHED)
    if path is None:
        raise NotStarted(f"{name} is not on PATH")
    return path


def freePorts(count: int) -> list[int]:
    """That many ports nobody listens on, in no particular order."""
    free = (port for port in random.sample(PORTS, len(PORTS)) if _isFree(port))
    return [next(free) for _ in range(count)]


def _isFree(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def running(
    argv: list[str],
    port: int,
    log: Path,
    env: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """
    Run a program from when it listens until the block is left.

    @param log: the file that takes its output.
    @param stop: what ends it; SIGKILL follows if that does not.
    @return: the process's id.
    @raise NotStarted: it ended or did not listen in time; with the end of its output.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, env=env, cwd=log.parent)
    try:
        _awaitListening(process, port, log)
        yield process.pid
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _awaitListening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > end:
            tail = log.read_text(errors="replace")[-2000:]
            raise NotStarted(f"{process.args!r} does not listen on port {port}:\n{tail}")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
