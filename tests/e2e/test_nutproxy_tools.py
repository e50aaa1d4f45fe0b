"""The subcommands of C{nutproxy} as processes, against real servers and proxies."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import SECONDS, Running, exchange, finished
from tests.e2e.proxy import Proxy, poolText
from tests.e2e.servers import HOST, RealServer, freePort, startMemcached, startRedis

NUTPROXY = (sys.executable, "-m", "nuttwist")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def servers() -> Iterator[list[RealServer]]:
    """Two memcacheds."""
    with startMemcached() as first, startMemcached() as second:
        yield [first, second]


@pytest.fixture(scope="module")
def proxy(servers: list[RealServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy in front of them."""
    with Proxy(tmp_path_factory.mktemp("proxy"), servers, "timeout: 5000") as proxy:
        yield proxy


@pytest.fixture(scope="module")
def nutcracker(
    servers: list[RealServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """The program that is replaced, in front of the same servers; its ready port is the stats'."""
    port, stats = freePort(), freePort()
    path = tmp_path_factory.mktemp("nutcracker") / "pool.yml"
    path.write_text(poolText(port, servers))
    words = ["-c", str(path), "-a", HOST, "-s", str(stats), "-i", "50", "-o", "/dev/null"]
    with RealServer(["nutcracker", *words], port, stats) as running:
        yield running


def asked(folder: Path, *words: object, status: int = 0) -> Any:
    """What a subcommand answers in JSON."""
    ended = finished(*NUTPROXY, *map(str, words), "--json", cwd=folder)
    assert ended.returncode == status, ended.stderr
    return json.loads(ended.stdout)


def test_explainedServerHasTheKey(proxy: Proxy, servers: list[RealServer], tmp_path: Path) -> None:
    """What is stored through the proxy is on the server that explain names, and on no other."""
    path = tmp_path / "pool.yml"
    path.write_text(poolText(proxy.port, servers))
    keys = [f"explained:{number * 7919}" for number in range(20)]
    for key in keys:
        with closing(proxy.connect()) as client:
            exchange(client, b"set %s 0 0 1\r\nv\r\n" % key.encode(), b"\r\n")
    told = asked(tmp_path, "explain", path, *keys)["pools"][0]["keys"]
    for key, each in zip(keys, told, strict=True):
        for server in servers:
            with closing(proxy.connect(server.port)) as client:
                reply = exchange(client, b"get %s\r\n" % key.encode(), b"END\r\n")
            owns = each["server"]["address"] == f"{HOST}:{server.port}"
            assert reply.startswith(b"VALUE") == owns


def test_checkPlanAndRingAnswer(proxy: Proxy, servers: list[RealServer], tmp_path: Path) -> None:
    """The three that only read files are processes too, and draw."""
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text(poolText(proxy.port, servers))
    new.write_text(poolText(proxy.port, servers[:1]))
    assert asked(tmp_path, "check", old)["ok"]
    plan = asked(tmp_path, "plan", old, new, "--keys", 2000, "--png", "plan.png")
    assert {move["to"] for move in plan["pools"][0]["moves"]} == {"s0"}
    ring = asked(tmp_path, "ring", old, "--png", "ring.png")
    assert [each["server"] for each in ring["pools"][0]["servers"]] == ["s0", "s1"]
    for name in ("plan.png", "ring.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)


def test_keysComeFromAPipe(proxy: Proxy, servers: list[RealServer], tmp_path: Path) -> None:
    """With --keys-file - the keys are read from standard input."""
    path, keys = tmp_path / "pool.yml", tmp_path / "keys"
    path.write_text(poolText(proxy.port, servers))
    keys.write_text("one\ntwo\nthree\n")
    words = [*NUTPROXY, "plan", path, path, "--keys-file", "-", "--json"]
    with keys.open() as stream:
        ended = finished(*words, cwd=tmp_path, stdin=stream.fileno())
    assert json.loads(ended.stdout)["pools"][0]["keys"] == 3


@pytest.mark.parametrize("which", ["nuttwist", "nutcracker"])
def test_statisticsOfBothAreRead(
    which: str, proxy: Proxy, nutcracker: RealServer, tmp_path: Path
) -> None:
    """Tables, JSON and a frame of top come from the port of either."""
    port = proxy.statsPort if which == "nuttwist" else nutcracker._ready
    place = f"{HOST}:{port}"
    assert asked(tmp_path, "stats", place)["service"] == which
    table = finished(*NUTPROXY, "stats", place, cwd=tmp_path).stdout.splitlines()
    assert table[0].startswith(f"{which} ")
    assert [line.split()[:2] for line in table[-2:]] == [["pool", "s0"], ["pool", "s1"]]
    frame = asked(tmp_path, "top", place, "--once", "--interval", "0.1")
    assert [each["server"] for each in frame["pools"][0]["servers"]] == ["s0", "s1"]
    once = finished(*NUTPROXY, "top", place, "--once", "--interval", "0.1", cwd=tmp_path)
    assert (once.returncode, once.stderr) == (0, "")


def test_topSeesTheLoad(proxy: Proxy, tmp_path: Path) -> None:
    """While a load runs, the frame has its clients and its requests."""
    words = ["bench", f"{HOST}:{proxy.port}", "--clients", "7", "--seconds", "60"]
    with Running(*NUTPROXY, *words, cwd=tmp_path):
        proxy.waitFor(lambda pool: pool["client_connections"] == 7)
        frame = asked(tmp_path, "top", f"{HOST}:{proxy.statsPort}", "--once", "--interval", "1")
    (pool,) = frame["pools"]
    assert pool["clients"] == 7
    assert pool["requests"] > 0
    proxy.waitFor(lambda pool: pool["client_connections"] == 0)


def test_nobodyThereIsOneLine(tmp_path: Path) -> None:
    """A port without a listener is told with the system's reason, and status 1."""
    place = f"{HOST}:{freePort()}"
    for words in (["stats"], ["top", "--once"], ["bench"]):
        ended = finished(*NUTPROXY, *words[:1], place, *words[1:], cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.count("\n") == 1
        assert place in ended.stderr
        assert "Connection refused" in ended.stderr


def test_whatIsNoStatsPortIsSaid(tmp_path: Path) -> None:
    """A server that says something else is quoted."""
    with startRedis() as server:
        ended = finished(*NUTPROXY, "bench", f"{HOST}:{server.port}", cwd=tmp_path)
    assert ended.returncode == 1
    assert "does not store values" in ended.stderr


@pytest.mark.parametrize("depth", [1, 16])
def test_benchThroughTheProxyIsClean(proxy: Proxy, depth: int, tmp_path: Path) -> None:
    """Every reply is right, and their number is that of the proxy's own counters."""
    place = f"{HOST}:{proxy.port}"
    words = ["--clients", 8, "--depth", depth, "--seconds", 0.5, "--png", "out.png"]
    found = asked(tmp_path, "bench", place, *words)
    assert found["replies"] == found["good"] > 0
    assert (found["errors"], found["wrong"], found["lost"], found["unanswered"]) == ({}, 0, 0, 0)
    assert found["latency"]["p50"] <= found["latency"]["p99"] <= found["latency"]["longest"]
    assert 0 < found["generator"]["cpu_share"] < 1.5
    assert (tmp_path / "out.png").read_bytes().startswith(PNG)


def test_benchSpeaksRedis(tmp_path: Path) -> None:
    """With --redis it is redis's protocol, here to a server itself."""
    with startRedis() as server:
        words = ["--redis", "--clients", 3, "--seconds", 0.3, "--ratio", 0.5]
        found = asked(tmp_path, "bench", f"{HOST}:{server.port}", *words)
    assert found["good"] == found["replies"] > 0


def test_benchCountsWhatGoesWrong(tmp_path: Path) -> None:
    """A server that is killed under the load is lost connections, and status 1."""
    with startMemcached() as server:
        words = ["bench", f"{HOST}:{server.port}", "--clients", "4", "--seconds", "60", "--json"]
        with Running(*NUTPROXY, *words, cwd=tmp_path) as load:
            _waitForGets(server, 1000)
            server.kill()
            status = load._process.wait(SECONDS)
            load.waitFor("}\n")
    found = json.loads(load.said)
    assert status == 1
    assert found["lost"] == 4


def _waitForGets(server: RealServer, count: int) -> None:
    deadline = time.monotonic() + SECONDS
    with closing(socket.create_connection((HOST, server.port), SECONDS)) as client:
        while True:
            said = exchange(client, b"stats\r\n", b"END\r\n").decode()
            if int(said.partition("STAT cmd_get ")[2].split()[0]) > count:
                return
            assert time.monotonic() < deadline, said
