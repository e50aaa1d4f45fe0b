"""A proxy whose file changes, in one process and in several."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.command import SECONDS, TWISTD, exchange, untilClosed
from tests.e2e.proxy import poolText, watched
from tests.e2e.servers import HOST, RealServer, freePort

KINDS = pytest.mark.parametrize("workers", ["1", "2"])

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"


class Reloaded(RealServer):
    """
    A proxy whose file changes.

    @ivar ports: of its pools, by their names; each pool has the same for ever.
    """

    def __init__(self, folder: Path, workers: str, text: Callable[[Reloaded], str]) -> None:
        """
        @param text: of the file.
        """
        self.ports = {name: freePort() for name in ("pool", "other", "more")}
        self.statsPort = freePort()
        self.path = folder / "reloaded.yml"
        self.path.write_text(text(self))
        place = ["-c", str(self.path), "-a", HOST, "-s", str(self.statsPort), "-w", workers]
        command = [*TWISTD, "-n", "--pidfile=", "nutproxy", *place]
        RealServer.__init__(self, command, self.ports["pool"], self.statsPort)
        for name in range(int(workers) if workers != "1" else 0):
            self.untilSaid(f"worker {name} is ready")

    def __enter__(self) -> Reloaded:  # noqa: PYI034
        return self

    def reload(self, text: str) -> str:
        """Have it read another file; what it says then, up to the last word of it."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)
        before = len(self.log())
        os.kill(self.pid, signal.SIGHUP)
        return self.untilSaid(LAST, before)

    def connect(self, name: str = "pool") -> socket.socket:
        """Connect to a pool."""
        return socket.create_connection((HOST, self.ports[name]), SECONDS)

    def stats(self) -> dict:
        """The counters."""
        with socket.create_connection((HOST, self.statsPort), SECONDS) as client:
            return json.loads(untilClosed(client))

    def otherWith(self, requests: int) -> dict:
        """
        The counters of the other pool once it has that many requests: a worker that is slow to
        answer is told as it was, and asked again.
        """
        deadline = time.monotonic() + SECONDS
        while (told := self.stats()["other"])["s0"]["requests"] < requests:
            assert time.monotonic() < deadline, told
        assert told["s0"]["requests"] == requests
        return told


LAST = re.compile(r"(nothing changed|reloaded\.yml is in force)$", re.MULTILINE)
"""The last line that is about a file."""


@contextmanager
def reloaded(
    folder: Path, workers: str, servers: list[RealServer], *keys: str
) -> Iterator[Reloaded]:
    """A proxy with two pools of the same two servers."""

    def text(proxy: Reloaded) -> str:
        return both(proxy, servers[:2], *keys)

    with Reloaded(folder, workers, text) as proxy, watched(proxy):
        yield proxy


def both(proxy: Reloaded, servers: list[RealServer], *keys: str) -> str:
    """Two pools, of which only the first changes."""
    other = poolText(proxy.ports["other"], servers[:1], name="other")
    return poolText(proxy.ports["pool"], servers, *keys) + other


def poolOf(client: socket.socket) -> str:
    """The pool that a client is connected to."""
    lines = exchange(client, b"stats\r\n", b"END\r\n").split(b"\r\n")
    return next(each.split()[2].decode() for each in lines if each.startswith(b"STAT pool "))


def children(proxy: Reloaded) -> list[int]:
    """The workers."""
    text = Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text()
    return [int(each) for each in text.split()]
