"""Another file's limits hold for who is connected, and what was in flight is answered."""

from __future__ import annotations

from contextlib import closing

from tests.e2e.command import exchange, untilClosed
from tests.e2e.proxy import poolText
from tests.e2e.reloading.reloaded import KINDS, SET, Reloaded, both, reloaded

REFUSED = b"SERVER_ERROR Connection refused\r\n"
LATE = b"SERVER_ERROR Connection timed out\r\n"
BACKUP = "on_failure:\n    backup: other"


@KINDS
def test_whoIsConnectedIsHeldToOtherLimits(tmp_path, servers, workers) -> None:
    """To a shorter line, and to a shorter silence than the hour that it had."""
    first = reloaded(tmp_path, workers, servers, "client_idle_timeout: 3600000")
    with first as proxy, closing(proxy.connect()) as client, closing(proxy.connect()) as silent:
        assert exchange(client, *SET) == SET[1]
        assert exchange(client, b"get " + b"n " * 500 + b"\r\n", b"END\r\n") == b"END\r\n"
        proxy.reload(both(proxy, servers[:2], "line_length_max: 512", "client_idle_timeout: 400"))
        client.sendall(b"get " + b"n " * 500 + b"\r\n")
        assert untilClosed(client) == b"CLIENT_ERROR line too long\r\n"
        assert untilClosed(silent) == b""


@KINDS
def test_whatWaitsIsHeldToAnotherTimeout(tmp_path, servers, workers) -> None:
    """On the connection that there is."""
    with reloaded(tmp_path, workers, servers) as proxy, closing(proxy.connect("other")) as client:
        assert exchange(client, *SET) == SET[1]
        servers[0].stop()
        client.sendall(b"get k\r\n")
        proxy.otherWith(2)
        text = poolText(proxy.ports["pool"], servers[:2])
        proxy.reload(
            text + poolText(proxy.ports["other"], servers[:1], "timeout: 200", name="other")
        )
        assert exchange(client, b"", LATE) == LATE
        servers[0].cont()
        assert exchange(client, *SET) == SET[1]


@KINDS
def test_aRemovedBackupAnswersWhatItWasSent(tmp_path, servers, workers) -> None:
    """The pool whose server is out sends nothing more to it, and its client gets its value."""
    out, backup = servers[2], servers[0]

    def text(proxy: Reloaded) -> str:
        front = ("server_failure_limit: 1", "server_retry_timeout: 600000", BACKUP)
        other = ("drain_timeout: 60000",)
        return poolText(proxy.ports["pool"], [out], *front) + poolText(
            proxy.ports["other"], [backup], *other, name="other"
        )

    out.kill()
    with Reloaded(tmp_path, workers, text) as proxy, closing(proxy.connect()) as client:
        assert exchange(client, b"get k\r\n", REFUSED) == REFUSED
        assert exchange(client, *SET) == SET[1]
        backup.stop()
        client.sendall(b"get k\r\n")
        proxy.otherWith(2)
        said = proxy.reload(poolText(proxy.ports["pool"], [out], "on_failure: fail"))
        assert "pool other: removed" in said
        client.sendall(b"get k\r\n")
        backup.cont()
        error = b"SERVER_ERROR server s0 is out: Connection refused\r\n"
        expected = b"VALUE k 0 1\r\nx\r\nEND\r\n" + error
        assert exchange(client, b"", expected) == expected
