"""Another file is in force as a whole, or nothing has changed."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import closing

from tests.e2e.command import SECONDS, exchange
from tests.e2e.crew import ending
from tests.e2e.proxy import poolText
from tests.e2e.reloading.reloaded import KINDS, SET, both, children, poolOf, reloaded
from tests.e2e.servers import HOST


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
