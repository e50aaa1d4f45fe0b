"""The command reads its file again, in one process and in several, while clients keep asking."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.e2e.command import SECONDS, TWISTD, Running, exchange, untilClosed
from tests.e2e.crew import BETWEEN, ending
from tests.e2e.faults.day import theReactor
from tests.e2e.proxy import poolText, watched
from tests.e2e.servers import HOST, RealServer, freePort, startMemcached
from tests.load.client import Habits
from tests.load.crowd import Crowd
from tests.load.memcache import Memcache

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
        return self.untilSaid(*ENDS, since=before)

    def untilSaid(self, *words: str, since: int = 0) -> str:
        """Wait until it has said one of these; give all that it has said since then."""
        deadline = time.monotonic() + SECONDS
        while not any(word in (said := self.log()[since:]) for word in words):
            assert time.monotonic() < deadline, self.log()
            time.sleep(BETWEEN)
        return said

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
        answer is told as it was.
        """
        deadline = time.monotonic() + SECONDS
        while (told := self.stats()["other"])["s0"]["requests"] < requests:
            assert time.monotonic() < deadline, told
            time.sleep(BETWEEN)
        assert told["s0"]["requests"] == requests
        return told


ENDS = ("nothing changed", "reloaded.yml is in force")
"""How the last line ends that is about a file."""


@pytest.fixture
def servers() -> Iterator[list[RealServer]]:
    """Give three memcacheds."""
    with ExitStack() as stack:
        yield [stack.enter_context(startMemcached()) for _ in range(3)]


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


@KINDS
@pytest_twisted.ensureDeferred
async def test_noReplyIsLostOverIt(tmp_path, servers, workers) -> None:
    """Servers, settings and pools come and go under load; nobody is cut off, or hears a lie."""
    with reloaded(tmp_path, workers, servers) as proxy:
        crowd = Crowd(theReactor(), Memcache(), proxy.ports["pool"], habits=Habits(stays=0))
        crowd.start()
        try:
            for _ in range(3):
                more = poolText(proxy.ports["more"], servers[:1], name="more")
                said = await deferToThread(
                    proxy.reload, both(proxy, servers, "timeout: 9000") + more
                )
                assert "pool more: added, listening on" in said
                assert "pool pool: timeout unset -> 9000" in said
                assert f"pool pool: server s2 added, {HOST}:{servers[2].port} weight 1" in said
                await asked(crowd, 200)
                assert await deferToThread(serves, proxy, "more")
                said = await deferToThread(proxy.reload, both(proxy, servers[:2]))
                assert "pool more: removed" in said
                assert "pool pool: server s2 removed" in said
                await asked(crowd, 200)
                assert not await deferToThread(serves, proxy, "more")
        finally:
            await crowd.stop()
        tally = crowd.tally
        assert tally.violations == []
        assert not tally.errors
        assert (tally.connects, tally.cut, tally.refused, tally.lost) == (8, 0, 0, 0)


async def asked(crowd: Crowd, count: int) -> None:
    """Wait for so many replies."""
    wanted = crowd.tally.replies.total() + count
    while crowd.tally.replies.total() < wanted and not crowd.tally.violations:
        await deferToThread(time.sleep, BETWEEN)


def serves(proxy: Reloaded, name: str) -> bool:
    """Whether somebody lets a client in there; a listener that goes may take a moment."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with closing(proxy.connect(name)) as client:
                exchange(client, *SET)
        except ConnectionError:
            return False
        if "more: removed" not in proxy.log().rpartition("reading")[2]:
            return True
        assert time.monotonic() < deadline
        time.sleep(BETWEEN)


@KINDS
@pytest_twisted.ensureDeferred
async def test_aStopUnderLoadTellsNoLie(tmp_path, servers, workers) -> None:
    """At SIGTERM amid pipelined requests clients hear replies and then the end, but no error."""
    with reloaded(tmp_path, workers, servers) as proxy:
        crowd = Crowd(theReactor(), Memcache(), proxy.ports["pool"], habits=Habits(pause=0.001))
        crowd.start()
        try:
            await asked(crowd, 2000)
            with ending([proxy.pid, *children(proxy)]):
                assert await deferToThread(proxy.terminate) == -signal.SIGTERM
        finally:
            await crowd.stop()
        tally = crowd.tally
        assert tally.violations == []
        assert not tally.errors
        assert tally.lost == 0


@KINDS
def test_anUnchangedPoolKeepsItsConnections(tmp_path, servers, workers) -> None:
    """While another one changes, its client and its connection to the server are the same."""
    with reloaded(tmp_path, workers, servers) as proxy, closing(proxy.connect("other")) as client:
        assert exchange(client, *SET) == SET[1]
        before = proxy.otherWith(1)
        proxy.reload(both(proxy, servers, "timeout: 9000"))
        assert exchange(client, *SET) == SET[1]
        after = proxy.otherWith(2)
        assert after["client_connections"] == before["client_connections"] == 1
        assert after["s0"]["server_eof"] == after["s0"]["server_err"] == 0


@KINDS
def test_aWrongFileIsRefusedWhole(tmp_path, servers, workers) -> None:
    """Each mistake is logged, and not even what is right in the file is done."""
    with reloaded(tmp_path, workers, servers) as proxy, closing(proxy.connect()) as client:
        assert exchange(client, *SET) == SET[1]
        wrong = both(proxy, servers, "timeout: 9000", "hash: nosuch", "backlog: many")
        said = proxy.reload(wrong)
        assert "nosuch" in said
        assert "many" in said
        assert "reloaded.yml is refused, nothing changed" in said
        assert exchange(client, *SET) == SET[1]
        assert "nothing changed" in proxy.reload(both(proxy, servers[:2]))
        assert "refused" not in proxy.log().rpartition("reading")[2]


@KINDS
def test_aTakenPortIsRefusedWhole(tmp_path, servers, workers) -> None:
    """When one listener cannot be had, all stays as it was."""
    with (
        reloaded(tmp_path, workers, servers) as proxy,
        closing(socket.create_server((HOST, 0))) as taken,
        closing(proxy.connect()) as client,
    ):
        port = taken.getsockname()[1]
        more = poolText(port, servers[:1], name="more")
        said = proxy.reload(both(proxy, servers, "timeout: 9000") + more)
        assert f"{HOST}:{port}" in said
        assert "is refused, nothing changed" in said
        assert exchange(client, *SET) == SET[1]
        assert "s2" not in proxy.stats()["pool"]


@KINDS
def test_whatMadeRoomInVainLetsClientsInAgain(tmp_path, servers, workers) -> None:
    """A listener that was closed for one that cannot be had is back, for all workers."""
    with reloaded(tmp_path, workers, servers) as proxy:
        port, path = proxy.ports["pool"], tmp_path / "other"
        text = both(proxy, servers[:2])
        place = f"listen: {HOST}:{proxy.ports['other']}"
        named = text.replace(place, f"listen: unix:{path}:mode=600")
        proxy.reload(named)
        with closing(socket.create_server(("127.0.0.2", port))):
            everywhere = named.replace(f"{HOST}:{port}", f"0.0.0.0:{port}")
            assert "is refused" in proxy.reload(everywhere.replace("mode=600", "mode=666"))
        for _ in range(4):
            with closing(proxy.connect()) as client:
                assert exchange(client, *SET) == SET[1]
            with closing(socket.socket(socket.AF_UNIX)) as client:
                client.settimeout(SECONDS)
                client.connect(str(path))
                assert exchange(client, *SET) == SET[1]


@KINDS
def test_twoPoolsExchangeTheirPorts(tmp_path, servers, workers) -> None:
    """Clients stay with their pools, and who comes finds the other one."""
    with reloaded(tmp_path, workers, servers) as proxy, closing(proxy.connect()) as client:
        assert exchange(client, *SET) == SET[1]
        ports = proxy.ports
        swapped = poolText(ports["other"], servers[:2], "timeout: 9000") + poolText(
            ports["pool"], servers[:1], name="other"
        )
        proxy.reload(swapped)
        assert poolOf(client) == "pool"
        for port, name in (("other", "pool"), ("pool", "other")):
            for _ in range(8):
                with closing(proxy.connect(port)) as late:
                    assert poolOf(late) == name


def poolOf(client: socket.socket) -> str:
    """The pool that a client is connected to."""
    lines = exchange(client, b"stats\r\n", b"END\r\n").split(b"\r\n")
    return next(each.split()[2].decode() for each in lines if each.startswith(b"STAT pool "))


def test_theNextWorkerHasTheNewPools(tmp_path, servers) -> None:
    """A worker that is killed after a change is followed by one that serves what is new."""
    with reloaded(tmp_path, "2", servers) as proxy:
        more = poolText(proxy.ports["more"], servers[:1], name="more")
        proxy.reload(both(proxy, servers[:2]) + more)
        before = len(proxy.log())
        pids = children(proxy)
        assert len(pids) == 2
        with ending(pids):
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        for number in range(2):
            proxy.untilSaid(f"worker {number} is ready", since=before)
        with closing(proxy.connect("more")) as client:
            assert exchange(client, *SET) == SET[1]
            assert poolOf(client) == "more"


@KINDS
def test_nothingIsLeftOpen(tmp_path, servers, workers) -> None:
    """However often pools come and move and go, no process has more open than in the beginning."""
    with reloaded(tmp_path, workers, servers) as proxy:
        text = both(proxy, servers[:2])
        more = poolText(proxy.ports["more"], servers[:1], name="more")
        elsewhere = text.replace(str(proxy.ports["pool"]), str(freePort()))
        proxy.reload(elsewhere + more)
        proxy.reload(text)
        before = opened(proxy)
        for _ in range(5):
            proxy.reload(elsewhere + more)
            proxy.reload(text)
        # What has gone may take a moment, also before it was counted first.
        deadline = time.monotonic() + SECONDS
        while any(count > before.get(pid, 0) for pid, count in opened(proxy).items()):
            assert time.monotonic() < deadline, (opened(proxy), before)
            time.sleep(BETWEEN)


def opened(proxy: Reloaded) -> dict[int, int]:
    """How many descriptors each process of a proxy has open."""
    pids = [proxy.pid, *children(proxy)]
    return {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids}


def children(proxy: Reloaded) -> list[int]:
    """The workers."""
    text = Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text()
    return [int(each) for each in text.split()]


@KINDS
def test_aMovedLogFileIsBegunAnew(tmp_path, servers, workers) -> None:
    """After SIGUSR1 the log goes on under its name, as logrotate expects, and so it does again."""
    stats = freePort()
    path = tmp_path / "one.yml"
    path.write_text(poolText(freePort(), servers))
    log = tmp_path / "proxy.log"
    words = ["nutproxy", "-c", path, "-a", HOST, "-s", str(stats), "-w", workers]
    running = Running(*TWISTD, "-n", "--pidfile=", f"--logfile={log}", *words, cwd=tmp_path)
    with running:
        running.statistics(stats)
        for number in range(2):
            log.rename(tmp_path / f"old{number}")
            running.send(signal.SIGUSR1)
            untilIn(log, "reopened the log file")
            running.send(signal.SIGHUP)
            untilIn(log, "nothing changed")
            assert "starting up" not in log.read_text()
        assert sorted(each.name for each in tmp_path.glob("proxy*")) == ["proxy.log"]


def untilIn(path: Path, words: str) -> None:
    """Wait until a file is there and has these words in it."""
    deadline = time.monotonic() + SECONDS
    while not (path.exists() and words in path.read_text()):
        assert time.monotonic() < deadline, path.exists() and path.read_text()
        time.sleep(BETWEEN)


@KINDS
def test_howMuchIsLoggedChanges(tmp_path, servers, workers) -> None:
    """SIGTTOU logs less and SIGTTIN more; neither suspends the process, nor does SIGUSR1 end it."""
    with reloaded(tmp_path, workers, servers) as proxy:
        before = len(proxy.log())
        os.kill(proxy.pid, signal.SIGTTOU)
        proxy.untilSaid("from now on the log has warn", since=before)
        os.kill(proxy.pid, signal.SIGTTIN)
        proxy.untilSaid("from now on the log has info", since=before)
        os.kill(proxy.pid, signal.SIGUSR1)
        proxy.untilSaid("there is no log file to reopen", since=before)
        assert "nothing changed" in proxy.reload(both(proxy, servers[:2]))
