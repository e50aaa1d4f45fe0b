"""
The load programs, each prepared before and finished after what is measured.

mcload connects and is served one request on every connection before it starts. redis-benchmark
has no such moment: its connecting is part of what is measured.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import attrs

from benchmarks.cases import Case
from benchmarks.programs import find

SOURCES = tuple(Path(__file__).with_name(name) for name in ("mcload.c", "mctext.h"))
SUMMARY = re.compile(r"latency summary \(msec\):\s+avg.*\n\s*([\d.\s]+)")
THROUGHPUT = re.compile(r"throughput summary: ([\d.]+) requests per second")
COMPLETED = re.compile(r"(\d+) requests completed in")
PERCENTILE = re.compile(r"^([\d.]+)% <= ([\d.]+) milliseconds", re.MULTILINE)


class LoadFailed(Exception):
    """The load program found a wrong reply, or could not go on."""


@attrs.frozen
class Load:
    """
    What a load program tells of one run.

    @ivar requests: answered ones.
    @ivar seconds: from the first request to the last reply.
    @ivar p50: milliseconds, as p99 and p999.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class Driver(Protocol):
    """One run of a load."""

    def prepare(self) -> None:
        """Do what is not to be measured."""

    def run(self) -> Load:
        """
        Send the load.

        @raise LoadFailed: a reply was wrong.
        """

    def finish(self) -> None:
        """End the load's connections."""


@contextmanager
def prepared(driver: Driver) -> Iterator[Driver]:
    """A driver between its preparation and its end."""
    driver.prepare()
    try:
        yield driver
    finally:
        driver.finish()


@attrs.frozen
class Amount:
    """How much load: requests, or as many as fit in those seconds if there is no such number."""

    seconds: float
    requests: int | None = None


def compiledMcload() -> Path:
    """
    Compile mcload, once for each version of its source.

    @raise subprocess.CalledProcessError: the compiler refused it.
    """
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in SOURCES)).hexdigest()[:16]
    binary = Path(tempfile.gettempdir()) / f"nuttwist-mcload-{digest}"
    if not binary.exists():
        fresh = binary.with_suffix(".new")
        subprocess.run([find("cc"), "-O2", "-o", str(fresh), str(SOURCES[0])], check=True)
        fresh.replace(binary)
    return binary


class Mcload:
    """Memcached requests whose every reply is checked."""

    def __init__(
        self, binary: Path, case: Case, port: int, amount: Amount, fill: bool = False
    ) -> None:
        """
        @param port: the proxy's.
        @param fill: store every key while preparing.
        """
        self.argv = mcloadCommand(binary, case, port, amount) + (["-f"] if fill else [])

    def prepare(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, errors="replace"
        )
        self._line()

    def run(self) -> Load:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return readMcload(self._line())

    def finish(self) -> None:
        if self.process.poll() is None:
            self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise LoadFailed(self.process.communicate()[1].strip())
        return line


def mcloadCommand(binary: Path, case: Case, port: int, amount: Amount) -> list[str]:
    """The command line of mcload for a case."""
    requests = [] if amount.requests is None else ["-n", str(amount.requests)]
    rate = ["-r", str(case.rate)] if case.rate else []
    values = {
        "-p": port,
        "-c": case.clients,
        "-P": case.depth,
        "-m": case.perGet,
        "-v": case.valueSize,
        "-g": case.getPercent,
        "-k": case.keys,
        "-s": amount.seconds,
    }
    words = [str(word) for pair in values.items() for word in pair]
    return [str(binary), *words, *requests, *rate]


def readMcload(line: str) -> Load:
    """What mcload says at the end of its load."""
    return Load(**json.loads(line))


class RedisBenchmark:
    """redis-benchmark with random keys."""

    def __init__(self, case: Case, port: int, requests: int) -> None:
        self.argv = redisCommand(find("redis-benchmark"), case, port, requests)

    def prepare(self) -> None:
        """Nothing: it connects when it runs."""

    def run(self) -> Load:
        done = subprocess.run(self.argv, capture_output=True, text=True, check=False)
        if done.returncode or "Error from server" in done.stdout + done.stderr:
            raise LoadFailed((done.stdout + done.stderr)[-500:])
        return readRedisBenchmark(done.stdout)

    def finish(self) -> None:
        """Nothing: it has ended."""


def redisCommand(program: str, case: Case, port: int, requests: int) -> list[str]:
    """The command line of redis-benchmark for a case."""
    values = {
        "-p": port,
        "-c": case.clients,
        "-P": case.depth,
        "-n": requests,
        "-r": case.keys,
        "-d": case.valueSize,
        "--precision": 3,
    }
    words = [str(word) for pair in values.items() for word in pair]
    keys = ["key:__rand_int__"] * case.perGet
    asked = ["-t", case.command] if case.command in ("get", "set") else [case.command, *keys]
    return [program, *words, *asked]


def readRedisBenchmark(text: str) -> Load:
    """
    What redis-benchmark says of one test; p99.9 is the first of its percentiles from 99.9 on.

    @raise LoadFailed: it says something else.
    """
    completed, rate = COMPLETED.search(text), THROUGHPUT.search(text)
    summary = SUMMARY.search(text)
    if completed is None or rate is None or summary is None:
        raise LoadFailed(f"redis-benchmark said {text[-500:]!r}")
    _, _, p50, _, p99, _ = map(float, summary[1].split())
    distribution = text.partition("Cumulative distribution")[0]
    points = ((float(share), float(ms)) for share, ms in PERCENTILE.findall(distribution))
    p999 = next(ms for share, ms in points if share >= 99.9)
    requests = int(completed[1])
    return Load(requests, requests / float(rate[1]), p50, p99, p999)
