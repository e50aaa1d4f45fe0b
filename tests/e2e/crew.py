"""
A proxy of several processes, and each of them.

    with Crew(tmp_path, 2, servers) as crew:
        first, second = crew.workers()
        with crew.clientOf(second.pid) as client:
            ...this connection is that worker's...

Every wait here is for something to happen, with a deadline; none is for time to pass.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.e2e.command import SECONDS, TWISTD, exchange, untilClosed
from tests.e2e.proxy import poolText
from tests.e2e.servers import HOST, RealServer, freePort

#: Seconds between one question and the next.
BETWEEN = 0.02

NODAEMON = (*TWISTD, "-n", "--pidfile=")


@frozen
class Worker:
    """
    What a worker tells of itself.

    @ivar starts: how many workers its place has had.
    @ivar pools: the counters of each pool.
    """

    worker: int
    pid: int
    ready: bool
    starts: int
    pools: dict[str, Any]


@contextmanager
def held(pids: Iterable[int]) -> Iterator[None]:
    """Hold processes, which do nothing meanwhile but keep their connections."""
    pids = list(pids)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            untilStopped(pid)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def untilStopped(pid: int) -> None:
    """Wait until a process that was sent SIGSTOP stands still."""
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, f"process {pid} runs on"


@contextmanager
def ending(pids: Iterable[int]) -> Iterator[None]:
    """See that all processes, which run at the beginning, are soon gone after the end."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        deadline = time.monotonic() + SECONDS
        for each in handles:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([each], [], [], left)[0], "a process runs on"
    finally:
        for each in handles:
            os.close(each)


class Ports:
    """
    A proxy of several processes, as far as it can be asked.

    @ivar port: of its first pool.
    @ivar statsPort: of the sums.
    @ivar pid: of the parent.
    """

    pid: int

    def __init__(self, count: int) -> None:
        self.port, self.statsPort, self._eachPort = freePort(), freePort(), freePort()
        self._count = count

    def options(self, path: Path) -> list[str]:
        """The words behind nutproxy on its command line."""
        ports = ["-s", str(self.statsPort), "--workers-stats-port", str(self._eachPort)]
        return ["-c", str(path), "-a", HOST, *ports, f"--workers={self._count}"]

    def log(self) -> str:
        """What it has written, if that is known."""
        return "no log"

    def _told(self, port: int) -> dict[str, Any]:
        with socket.create_connection((HOST, port), timeout=SECONDS) as client:
            return json.loads(untilClosed(client))

    def sums(self) -> dict[str, Any]:
        """What the stats port tells."""
        return self._told(self.statsPort)

    def workers(self) -> list[Worker]:
        """What each worker has to tell."""
        return [Worker(**each) for each in self._told(self._eachPort)["workers"]]

    def untilReady(self) -> None:
        """Wait until every worker of the number that was asked for accepts clients."""
        self.until(lambda: sum(each.ready for each in self.workers()) == self._count)

    def until(self, isSo: Callable[[], bool]) -> None:
        """Ask until the answer is yes."""
        deadline = time.monotonic() + SECONDS
        ended = os.pidfd_open(self.pid)
        try:
            while not isSo():
                assert time.monotonic() < deadline, self.log()
                # Asked without a pause it would have no time for anything else.
                assert not select.select([ended], [], [], BETWEEN)[0], self.log()
        finally:
            os.close(ended)

    def connect(self) -> closing[socket.socket]:
        """Connect to the pool, whoever may accept."""
        return closing(socket.create_connection((HOST, self.port), timeout=SECONDS))

    @contextmanager
    def clientOf(self, pid: int) -> Iterator[socket.socket]:
        """Connect to one worker."""
        with held(each.pid for each in self.workers() if each.pid != pid):
            client = socket.create_connection((HOST, self.port), timeout=SECONDS)
            assert servedBy(client) == pid
        with client:
            yield client


class Crew(RealServer, Ports):
    """
    A C{nutproxy --workers=N} with one pool, started and with every worker ready.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        servers: Iterable[RealServer],
        *keys: str,
        listen: str = "",
        runner: Sequence[str] = NODAEMON,
    ) -> None:
        """
        @param listen: of a second pool with the same servers.
        @param keys: further lines of the pools, C{key: value}.
        @param runner: twistd or C{python -m twisted}.
        """
        Ports.__init__(self, count)
        text = poolText(self.port, servers, *keys)
        if listen:
            other = text.replace("pool:", "other:")
            text += other.replace(f"listen: {HOST}:{self.port}", f"listen: {listen}")
        path = folder / f"crew-{self.port}.yml"
        path.write_text(text)
        command = [*runner, "nutproxy", *self.options(path)]
        # The last one that it binds.
        RealServer.__init__(self, command, self.port, self._eachPort)
        self.untilReady()

    def __enter__(self) -> Crew:  # noqa: PYI034  typing.Self is younger than Python 3.10
        return self


def servedBy(client: socket.socket) -> int:
    """The process that serves a connection."""
    lines = exchange(client, b"stats\r\n", b"END\r\n").split(b"\r\n")
    return next(int(each.split()[2]) for each in lines if each.startswith(b"STAT pid "))
