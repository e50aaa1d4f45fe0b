"""How the command stops: what is in flight is answered, and a second signal is for the hasty."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from contextlib import closing, suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.e2e.command import SECONDS, TWISTD, Running, exchange, untilClosed
from tests.e2e.hostility import untilEnd
from tests.e2e.servers import HOST, RealServer, freePort, startMemcached

#: Nobody is cut off who waits.
FOR_EVER = "drain_timeout: 3600000"

pytestmark = pytest.mark.parametrize("workers", ["1", "2"])


class SlowServer:
    """A memcached that answers when it is told to."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self.asked = threading.Event()
        self.answer = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            # Closed before anybody came.
            return
        with closing(connection):
            connection.recv(65536)
            self.asked.set()
            if self.answer.wait(SECONDS):
                connection.sendall(b"END\r\n")
            untilEnd(connection)

    def close(self) -> None:
        """Be gone."""
        self._listening.close()


@pytest.fixture
def slow():
    """Give a server that answers when it is told to."""
    server = SlowServer()
    yield server
    server.close()


def started(
    tmp_path, server: SlowServer | RealServer, workers: str, *keys: str, options=()
) -> tuple[Running, int]:
    """A proxy in front of it, whose reactor runs, and the port of its pool."""
    port, stats = freePort(), freePort()
    path = tmp_path / "pool.yml"
    lines = [f"listen: {HOST}:{port}", *keys, "servers:", f"  - {HOST}:{server.port}:1"]
    path.write_text("\n  ".join(["alpha:", *lines]) + "\n")
    words = ["nutproxy", "-c", path, "-a", HOST, "-s", str(stats), "-w", workers, *options]
    running = Running(*TWISTD, "-n", "--pidfile=twistd.pid", *words, cwd=tmp_path)
    running.statistics(stats)
    return running, port


def inFlight(running: Running, port: int, server: SlowServer) -> socket.socket:
    """A client that waits for its answer."""
    client = running.connect(port)
    client.sendall(b"get k\r\n")
    assert server.asked.wait(SECONDS)
    return client


def late(port: int) -> bytes:
    """What somebody hears who comes after the stop."""
    with suppress(ConnectionError), socket.create_connection((HOST, port), SECONDS) as client:
        client.sendall(b"verbosity 1\r\n")
        return untilClosed(client)
    return b""


def test_whatIsInFlightIsAnswered(tmp_path, slow: SlowServer, workers: str) -> None:
    """After SIGTERM an idle client is closed, nobody is let in, and who waits gets the answer."""
    running, port = started(tmp_path, slow, workers, FOR_EVER)
    with running, inFlight(running, port, slow) as client, running.connect(port) as idle:
        exchange(idle, b"verbosity 1\r\n", b"OK\r\n")
        running.send(signal.SIGTERM)
        assert untilClosed(idle) == b""
        assert late(port) == b""
        slow.answer.set()
        assert untilClosed(client) == b"END\r\n"
        assert running.ended(SECONDS) == -signal.SIGTERM
    assert not (tmp_path / "twistd.pid").exists()


def test_itDoesNotWaitForEver(tmp_path, slow: SlowServer, workers: str) -> None:
    """After drain_timeout clients are closed without an answer."""
    running, port = started(tmp_path, slow, workers, "drain_timeout: 200")
    with running, inFlight(running, port, slow) as client:
        running.send(signal.SIGTERM)
        assert untilClosed(client) == b""
        assert running.ended(SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_aSecondSignalIsAtOnce(
    tmp_path, slow: SlowServer, workers: str, number: signal.Signals
) -> None:
    """Who asks twice does not want to wait."""
    running, port = started(tmp_path, slow, workers, FOR_EVER)
    with running, inFlight(running, port, slow) as client, running.connect(port) as idle:
        exchange(idle, b"verbosity 1\r\n", b"OK\r\n")
        running.send(signal.SIGTERM)
        assert untilClosed(idle) == b""
        running.send(number)
        assert untilEnd(client) == b""
        assert running.ended(SECONDS) == -signal.SIGTERM
    assert not (tmp_path / "twistd.pid").exists()


def test_signalsOfOneMomentAreTwo(tmp_path, slow: SlowServer, workers: str) -> None:
    """A second signal may come before the first has had any effect, and even be taken first."""
    running, port = started(tmp_path, slow, workers, "drain_timeout: 3600000")
    with running, inFlight(running, port, slow) as client:
        running.send(signal.SIGTERM)
        running.send(signal.SIGINT)
        assert untilEnd(client) == b""
        assert running.ended(SECONDS) in {-signal.SIGTERM, -signal.SIGINT}
        assert "Traceback" not in running.said
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM])
def test_noSignalDisturbsTheEnd(
    tmp_path, slow: SlowServer, workers: str, number: signal.Signals
) -> None:
    """Whenever they come, and however many: it ends as it was told to, and leaves nothing."""
    running, port = started(tmp_path, slow, workers)
    with running, running.connect(port) as idle:
        exchange(idle, b"verbosity 1\r\n", b"OK\r\n")
        running.send(signal.SIGTERM)
        while running.goesOn(0):
            running.send(number)
        assert running.ended(SECONDS) == -signal.SIGTERM
        assert "Traceback" not in running.said
    assert not (tmp_path / "twistd.pid").exists()


def starting(tmp_path, server: SlowServer, workers: str) -> Running:
    """A proxy that has only begun to start."""
    path = tmp_path / "pool.yml"
    pool = f"alpha:\n  listen: {HOST}:{freePort()}\n  servers:\n  - {HOST}:{server.port}:1\n"
    path.write_text(pool)
    words = ["nutproxy", "-c", path, "-a", HOST, "-s", str(freePort()), "-w", workers]
    return Running(*TWISTD, "-n", "--pidfile=twistd.pid", *words, cwd=tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGHUP, "nothing changed"), (signal.SIGTTOU, "from now on the log has warn")],
)
def test_whatComesWhileItStartsIsDoneLater(
    tmp_path, slow: SlowServer, workers: str, number: signal.Signals, words: str
) -> None:
    """A signal that would end or hold another process is acted upon when it has started."""
    with starting(tmp_path, slow, workers) as running:
        running.waitFor("listening on")
        running.send(number)
        running.waitFor(words)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_aSignalWhileItStarts(
    tmp_path, slow: SlowServer, workers: str, number: signal.Signals
) -> None:
    """Who stops it before it serves finds no pid file left, and no process."""
    with starting(tmp_path, slow, workers) as running:
        # Said when the pid file is there, and before any port is bound.
        running.waitFor("listening on")
        assert (tmp_path / "twistd.pid").exists()
        running.send(number)
        assert running.ended(SECONDS) == -number
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_aSignalAsSoonAsThereIsAPidFile(
    tmp_path, slow: SlowServer, workers: str, number: signal.Signals
) -> None:
    """Whoever reads the process id there may use it at once."""
    with starting(tmp_path, slow, workers) as running:
        deadline = time.monotonic() + SECONDS
        while not (tmp_path / "twistd.pid").exists():
            assert time.monotonic() < deadline, running.said
        running.send(number)
        assert running.ended(SECONDS) == -number
    assert not (tmp_path / "twistd.pid").exists()


class Pipeliner:
    """A client that sends requests for as long as the connection takes them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        self.received = b""

    def _send(self) -> None:
        with suppress(OSError):
            while True:
                self._connection.sendall(b"get k\r\n" * 100)

    def take(self, size: int) -> bytes:
        """Wait until so many bytes have come, or the connection has ended; a reset is an error."""
        while len(self.received) < size and (more := self._connection.recv(65536)):
            self.received += more
        return self.received

    def end(self) -> None:
        """Send no more."""
        self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(SECONDS)


def test_whoSendsOnGetsWhatWasAnswered(tmp_path, workers: str) -> None:
    """A client that pipelines on and on gets each reply that its server gave, and a clean end."""
    with startMemcached() as server:
        running, port = started(tmp_path, server, workers, "drain_timeout: 30000")
        with running, running.connect(port) as connection:
            client = Pipeliner(connection)
            client.take(100_000)
            running.send(signal.SIGTERM)
            got = client.take(1 << 40)
            client.end()
            assert running.ended(SECONDS) == -signal.SIGTERM
        with socket.create_connection((HOST, server.port), SECONDS) as asked:
            counters = exchange(asked, b"stats\r\n", b"END\r\n")
        answered = int(re.search(rb"STAT cmd_get ([0-9]+)", counters)[1])
        assert answered >= 20_000
        assert got == b"END\r\n" * answered


def test_readinessSaysThatItDrains(tmp_path, slow: SlowServer, workers: str) -> None:
    """Who sends clients here hears so until the last one has gone."""
    web = freePort()
    running, port = started(tmp_path, slow, workers, FOR_EVER, options=[f"--http=tcp:{web}"])
    with running, inFlight(running, port, slow) as client, running.connect(port) as idle:
        deadline = time.monotonic() + SECONDS
        while (said := ready(web)) != (200, []):
            assert time.monotonic() < deadline, said
        running.send(signal.SIGTERM)
        assert untilClosed(idle) == b""
        status, reasons = ready(web)
        assert status == 503
        assert "pool 'alpha': it is draining" in reasons
        slow.answer.set()
        assert untilClosed(client) == b"END\r\n"
        client.close()
        assert running.ended(SECONDS) == -signal.SIGTERM


def ready(port: int) -> tuple[int, list[str]]:
    """The status of the readiness, and why it is so."""
    try:
        with urlopen(f"http://{HOST}:{port}/readyz", timeout=SECONDS) as said:
            return said.status, json.loads(said.read())["reasons"]
    except HTTPError as said:
        return said.code, json.loads(said.read())["reasons"]
