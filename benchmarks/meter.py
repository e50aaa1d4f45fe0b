"""
What a tree of processes has used, from /proc.

The clock tick of /proc/PID/stat is 10 ms; /proc/PID/task/*/schedstat has the same time in
nanoseconds but does not split it. So the sum is schedstat's and the split is stat's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from benchmarks.segments import sentTo

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@attrs.frozen
class Reading:
    """
    @ivar run: seconds of CPU, precise.
    @ivar user: seconds of CPU outside the kernel, in ticks.
    @ivar system: the same inside.
    @ivar writes: data segments sent to the servers.
    """

    run: float
    user: float
    system: float
    writes: int

    def since(self, earlier: Reading) -> Used:
        """What was used between two readings."""
        user, system = self.user - earlier.user, self.system - earlier.system
        run = self.run - earlier.run
        share = user / (user + system) if user + system else 0.5
        return Used(run * share, run * (1 - share), self.writes - earlier.writes)


@attrs.frozen
class Used:
    """Seconds of CPU outside and inside the kernel, and segments sent to the servers."""

    user: float
    system: float
    writes: int


def read(pid: int, serverPorts: Iterable[int]) -> Reading:
    """Take the reading of a process and all its descendants."""
    pids = tree(pid)
    user, system = (sum(each) / TICKS for each in zip(*map(_ticks, pids), strict=True))
    return Reading(sum(map(_nanoseconds, pids)) / 1e9, user, system, sentTo(serverPorts, pids))


def resident(pid: int) -> int:
    """Bytes of memory of a process and all its descendants; shared pages count for each."""
    return sum(map(_resident, tree(pid)))


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    parents = {int(each.name): _parent(each) for each in PROC.iterdir() if each.name.isdigit()}
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def _fields(process: Path) -> list[str]:
    # The name, in parentheses, may hold spaces; what follows it begins with field 3, the state.
    return (process / "stat").read_text().rpartition(")")[2].split()


def _parent(process: Path) -> int:
    try:
        return int(_fields(process)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _ticks(pid: int) -> tuple[int, int]:
    fields = _fields(PROC / str(pid))
    return int(fields[11]), int(fields[12])


def _nanoseconds(pid: int) -> int:
    tasks = (PROC / str(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def _resident(pid: int) -> int:
    status = (PROC / str(pid) / "status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
