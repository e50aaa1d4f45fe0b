"""The memcached and redis servers behind the proxies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGKILL

from benchmarks.cases import Case
from benchmarks.programs import find, freePorts, running

#: Processes that share the addresses of a case with many servers: the machine holds no 400
#: processes at work, and the proxy cannot tell.
MOST_PROCESSES = 8
#: No item is ever evicted: a miss is a mistake.
MEGABYTES = 1024


@contextmanager
def serving(case: Case, folder: Path) -> Iterator[list[int]]:
    """
    Run a case's servers.

    @return: the port of each; every one is an address of its own.
    """
    ports = freePorts(case.servers)
    start = _redis if case.kind == "redis" else _memcached
    # A redis-server listens on one port only.
    processes = len(ports) if case.kind == "redis" else min(len(ports), MOST_PROCESSES)
    with ExitStack() as stack:
        for index in range(processes):
            share = ports[index::processes]
            # memcached takes a second to end by itself, and there is nothing to keep.
            log = folder / f"server-{index}.log"
            stack.enter_context(running(start(share), share[-1], log, stop=SIGKILL))
        yield ports


def _memcached(ports: list[int]) -> list[str]:
    addresses = ",".join(f"127.0.0.1:{port}" for port in ports)
    limits = ["-m", str(MEGABYTES), "-I", "2m", "-c", "8192", "-t", "1"]
    return [find("memcached"), "-u", "root", "-U", "0", "-l", addresses, *limits]


def _redis(ports: list[int]) -> list[str]:
    binds = ["--bind", "127.0.0.1", "--port", str(ports[0])]
    return [find("redis-server"), *binds, "--save", "", "--appendonly", "no"]
