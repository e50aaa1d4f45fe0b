"""Several processes behind the same listeners: served, counted, replaced and stopped as one."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from nuttwist.workers.worker import FOR_THE_PARENT
from tests.e2e.command import MODULE, SECONDS, TWISTD, exchange, finished, freePort, poolFile
from tests.e2e.crew import NODAEMON, Crew, Ports, ending, held, servedBy
from tests.e2e.servers import HOST, RealServer, startMemcached

RUNNERS = pytest.mark.parametrize("runner", [NODAEMON, MODULE], ids=["twistd", "module"])

#: What a get of the key a is answered once it is stored.
FOUND = b"VALUE a 0 1\r\nx\r\nEND\r\n"

#: With this a test is over its time if anything is drained that has not to be.
FOR_EVER = "drain_timeout: 3600000"

#: Enough to have some on each of two servers.
KEYS = [b"%d-of-many" % number for number in range(20)]


@pytest.fixture
def servers() -> Iterator[list[RealServer]]:
    """Two memcacheds."""
    with startMemcached() as one, startMemcached() as two:
        yield [one, two]


def store(client: socket.socket, key: bytes) -> bytes:
    """The answer to a set."""
    return exchange(client, b"set " + key + b" 0 0 1\r\nx\r\n", b"\r\n")


def fetch(client: socket.socket, key: bytes) -> bytes:
    """The answer to a get."""
    return exchange(client, b"get " + key + b"\r\n", b"END\r\n")


def replaced(crew: Crew, number: int, starts: int = 2) -> bool:
    """Whether another worker is ready in that place."""
    return any(
        each.worker == number and each.ready and each.starts == starts for each in crew.workers()
    )


def isRefused(port: int) -> bool:
    """Whether nobody listens on a port."""
    with closing(socket.socket()) as probe:
        return bool(probe.connect_ex((HOST, port)))


@RUNNERS
def test_everyWorkerServes(
    runner: tuple[str, ...], servers: list[RealServer], tmp_path: Path
) -> None:
    """Each worker accepts on the same port, and what one stores another finds."""
    with Crew(tmp_path, 2, servers, runner=runner) as crew:
        first, second = (each.pid for each in crew.workers())
        with crew.clientOf(first) as one, crew.clientOf(second) as two:
            assert store(one, b"a") == b"STORED\r\n"
            assert fetch(two, b"a") == FOUND


def test_unixSocketIsSharedToo(servers: list[RealServer], tmp_path: Path) -> None:
    """Workers serve a unix socket with its permissions, and it goes with the parent alone."""
    path = tmp_path / "s"
    with Crew(tmp_path, 2, servers, listen=f"{path} 0600") as crew:
        pid = crew.workers()[0].pid
        with ending([pid]):
            os.kill(pid, signal.SIGTERM)
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(SECONDS)
            client.connect(str(path))
            assert store(client, b"a") == b"STORED\r\n"
        crew.until(lambda: replaced(crew, 0))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        crew.terminate()
        assert not path.exists()


def test_killedWorkerIsReplaced(servers: list[RealServer], tmp_path: Path) -> None:
    """After a SIGKILL clients of the others go on, new ones are served, and a new worker comes."""
    with Crew(tmp_path, 2, servers) as crew:
        first, second = crew.workers()
        with crew.clientOf(second.pid) as stays:
            with ending([first.pid]):
                os.kill(first.pid, signal.SIGKILL)
            with crew.connect() as comes:
                assert store(comes, b"a") == b"STORED\r\n"
            assert fetch(stays, b"a") == FOUND
            crew.until(lambda: replaced(crew, 0))
            new = crew.workers()[0].pid
            with crew.clientOf(new) as client:
                assert fetch(client, b"a") == FOUND
            assert fetch(stays, b"a") == FOUND
        ended = f"worker 0 (pid {first.pid}) has ended: killed by signal 9"
        assert f"{ended}; another starts in 0.1 s" in crew.log()


def test_sumsAreExact(servers: list[RealServer], tmp_path: Path) -> None:
    """The counters of the stats port are those of a known load on both workers together."""
    with Crew(tmp_path, 2, servers) as crew:
        for times, worker in zip((3, 5), crew.workers(), strict=True):
            with crew.clientOf(worker.pid) as client:
                for key in KEYS * times:
                    assert store(client, key) == b"STORED\r\n"
        crew.until(lambda: crew.sums()["pool"]["client_eof"] == 2)
        pool = crew.sums()["pool"]
        each = [worker.pools["pool"] for worker in crew.workers()]
    told = [pool["s0"], pool["s1"]]
    assert sum(server["requests"] for server in told) == 8 * len(KEYS)
    assert sum(server["responses"] for server in told) == 8 * len(KEYS)
    assert sum(server["response_bytes"] for server in told) == 8 * len(KEYS) * len(b"STORED\r\n")
    assert [server["server_connections"] for server in told] == [2, 2]
    alone = [sum(worker[name]["requests"] for name in ("s0", "s1")) for worker in each]
    assert alone == [3 * len(KEYS), 5 * len(KEYS)]


def test_countersOutliveTheirWorker(servers: list[RealServer], tmp_path: Path) -> None:
    """What a worker counted stays in the sums when it ends in good order, and it held goes."""
    with Crew(tmp_path, 2, servers) as crew:
        worker = crew.workers()[0]
        with crew.clientOf(worker.pid) as client:
            for key in KEYS:
                store(client, key)
            with ending([worker.pid]):
                os.kill(worker.pid, signal.SIGTERM)
        crew.until(lambda: replaced(crew, 0))
        pool = crew.sums()["pool"]
    assert sum(pool[name]["requests"] for name in ("s0", "s1")) == len(KEYS)
    assert [pool[name]["server_connections"] for name in ("s0", "s1")] == [0, 0]
    assert (pool["client_connections"], pool["client_eof"]) == (0, 1)


def test_ejectionIsToldToAll(servers: list[RealServer], tmp_path: Path) -> None:
    """One worker pays for a dead server; the others, and who comes later, have no error."""
    eject = ("auto_eject_hosts: true", "server_failure_limit: 1", "server_retry_timeout: 60000")
    with Crew(tmp_path, 2, servers, *eject) as crew, ExitStack() as open_:
        first, second = (open_.enter_context(crew.clientOf(each.pid)) for each in crew.workers())
        servers[1].kill()
        answers = [store(first, key) for key in KEYS]
        assert sum(each.startswith(b"SERVER_ERROR") for each in answers) == 1
        crew.until(lambda: crew.log().count("pool: ejected s1") == 2)
        # What the worker has told by then stays known when it is killed.
        crew.until(lambda: crew.sums()["pool"]["s1"]["server_ejected_at"] > 0)
        assert {store(second, key) for key in KEYS} == {b"STORED\r\n"}
        os.kill(servedBy(first), signal.SIGKILL)
        crew.until(lambda: replaced(crew, 0))
        with crew.clientOf(crew.workers()[0].pid) as late:
            assert {store(late, key) for key in KEYS} == {b"STORED\r\n"}
        assert crew.sums()["pool"]["server_ejects"] == 1
        assert crew.sums()["pool"]["s1"]["server_ejected_at"] > 0


def test_returnIsToldToAll(servers: list[RealServer], tmp_path: Path) -> None:
    """A server that has recovered gets its keys from every worker again."""
    eject = ("auto_eject_hosts: true", "server_failure_limit: 1", "server_retry_timeout: 500")
    with Crew(tmp_path, 2, servers, *eject) as crew, ExitStack() as open_:
        first, second = (open_.enter_context(crew.clientOf(each.pid)) for each in crew.workers())
        servers[1].kill()
        for key in KEYS:
            store(first, key)
        servers[1].restart()
        for client in (first, second):
            crew.until(lambda client=client: {fetch(client, key) for key in KEYS} > {b"END\r\n"})
            assert {store(client, key) for key in KEYS} == {b"STORED\r\n"}
        with closing(socket.create_connection((HOST, servers[1].port), SECONDS)) as direct:
            assert any(fetch(direct, key) != b"END\r\n" for key in KEYS)


@RUNNERS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signalLeavesNothing(
    runner: tuple[str, ...], number: signal.Signals, servers: list[RealServer], tmp_path: Path
) -> None:
    """A signal to the parent ends all, and clients who wait for nothing are not waited for."""
    with Crew(tmp_path, 2, servers, FOR_EVER, runner=runner) as crew:
        pids = [each.pid for each in crew.workers()]
        with crew.connect() as client, ending([crew.pid, *pids]):
            store(client, b"a")
            os.kill(crew.pid, number)
        assert isRefused(crew.port)
        assert isRefused(crew.statsPort)
        assert "Traceback" not in crew.log()


def test_workerThatHangsIsKilled(servers: list[RealServer], tmp_path: Path) -> None:
    """A worker that does not end by itself is no reason for the parent not to."""
    with Crew(tmp_path, 2, servers, "drain_timeout: 100") as crew:
        pids = [each.pid for each in crew.workers()]
        with ending([crew.pid, *pids]):
            os.kill(pids[0], signal.SIGSTOP)
            os.kill(crew.pid, signal.SIGTERM)


def test_orphansEnd(servers: list[RealServer], tmp_path: Path) -> None:
    """When the parent is killed the workers end, and the next start has the ports."""
    path = tmp_path / "s"
    with Crew(tmp_path, 2, servers, FOR_EVER, listen=str(path)) as crew:
        with crew.connect() as client, ending([each.pid for each in crew.workers()]):
            store(client, b"a")
            crew.kill()
        assert isRefused(crew.port)
        crew.restart()
        crew.untilReady()
        with crew.connect() as client:
            assert fetch(client, b"a") == FOUND


def test_signalsForTheParentAreNothingToAWorker(servers: list[RealServer], tmp_path: Path) -> None:
    """A terminal interrupts every process of the command; the workers leave it to the parent."""
    with Crew(tmp_path, 2, servers) as crew:
        before = crew.workers()
        for each in before:
            for name in FOR_THE_PARENT:
                os.kill(each.pid, signal.Signals[name])
        with crew.clientOf(before[0].pid) as one, crew.clientOf(before[1].pid) as two:
            assert [store(one, b"a"), store(two, b"b")] == [b"STORED\r\n"] * 2


def test_workerThatDoesNotAnswerIsToldAsItWas(servers: list[RealServer], tmp_path: Path) -> None:
    """The statistics come although a worker stands still, with what it told before."""
    with Crew(tmp_path, 2, servers) as crew:
        worker = crew.workers()[0]
        with crew.clientOf(worker.pid) as client:
            store(client, b"a")
            crew.until(lambda: requests(crew) == 1)
            with held([worker.pid]):
                assert requests(crew) == 1


def requests(crew: Crew) -> int:
    """All requests that the workers have forwarded, by the stats port."""
    pool = crew.sums()["pool"]
    return pool["s0"]["requests"] + pool["s1"]["requests"]


@pytest.mark.parametrize("which", ["pool", "stats"])
def test_portInUseIsAnError(which: str, tmp_path: Path) -> None:
    """A taken port is one line with the address and status 1, as for a single process."""
    with socket.create_server((HOST, 0)) as server:
        taken = server.getsockname()[1]
        pool, stats = (taken, freePort()) if which == "pool" else (freePort(), taken)
        path = poolFile(tmp_path, pool)
        options = ["-c", str(path), "-a", HOST, "-s", str(stats), "--workers=2"]
        ended = finished(*TWISTD, "-n", "nutproxy", *options, cwd=tmp_path)
    assert ended.returncode == 1
    who = "alpha" if which == "pool" else "statistics"
    assert f"nutproxy: {who}: cannot listen on {HOST}:{taken}: " in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_daemonHasWorkersToo(tmp_path: Path) -> None:
    """A daemon serves with workers, has their log in its own, and takes them with it."""
    crew = Ports(2)
    path = poolFile(tmp_path, crew.port)
    started = finished(*TWISTD, "nutproxy", *crew.options(path), cwd=tmp_path)
    assert (started.returncode, started.stderr) == (0, "")
    daemon = crew.pid = int((tmp_path / "twistd.pid").read_text())
    with ending([daemon]):
        try:
            crew.untilReady()
            pids = [worker.pid for worker in crew.workers()]
        finally:
            os.kill(daemon, signal.SIGTERM)
    assert all(not Path(f"/proc/{pid}").exists() for pid in pids)
    assert "worker 1 is ready" in (tmp_path / "twistd.log").read_text()
