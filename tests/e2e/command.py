"""
The command as a user starts it: a process, what it says, and how it ends.

Every wait here is for something to happen, with a deadline; none is for time to pass.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.ports import freePort

SECONDS = 60.0
"""The deadline of anything that should happen soon, on a slow and busy machine."""

TWISTD = (str(Path(sys.executable).parent / "twistd"),)
MODULE = (sys.executable, "-m", "twisted")


def poolFile(directory: Path, port: int, *lines: str) -> Path:
    """Write a configuration of one pool, whose one server nobody runs."""
    path = directory / "nutcracker.yml"
    pool = [f"listen: 127.0.0.1:{port}", *lines, f"servers:\n  - 127.0.0.1:{freePort()}:1"]
    path.write_text("\n  ".join(["alpha:", *pool]) + "\n")
    return path


def finished(
    *command: str | Path,
    cwd: Path,
    stdin: int = subprocess.DEVNULL,
    inherited: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """
    Run a command that ends by itself; its two streams come back apart.

    @param inherited: descriptors that it has open, too.
    """
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        pass_fds=inherited,
    )


class Running:
    """
    A command that goes on until it is told to stop.

    @ivar said: What it has said so far, on both streams.
    """

    def __init__(self, *command: str | Path, cwd: Path) -> None:
        self.said = ""
        self._process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Running:  # noqa: PYI034  typing.Self is younger than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        self._output.close()

    @property
    def _output(self):
        assert self._process.stdout is not None
        return self._process.stdout

    def _listenFor(self, seconds: float) -> bool:
        """Take what it says within that time; false means that it has closed its streams."""
        readable, _, _ = select.select([self._output], [], [], max(seconds, 0))
        if not readable:
            return True
        data = os.read(self._output.fileno(), 65536)
        self.said += data.decode(errors="replace")
        return bool(data)

    def connect(self, port: int) -> socket.socket:
        """Connect to it as soon as it listens."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", port), SECONDS)
            assert self._listenFor(0.05), f"ended before it listened:\n{self.said}"
        raise AssertionError(f"nobody listens on {port}:\n{self.said}")

    def statistics(self, port: int) -> bytes:
        """What its statistics port tells; once it has answered, its reactor runs."""
        with self.connect(port) as client:
            return untilClosed(client)

    def waitFor(self, words: str) -> None:
        """Wait until it has said this."""
        deadline = time.monotonic() + SECONDS
        while words not in self.said:
            assert time.monotonic() < deadline, self.said
            assert self._listenFor(deadline - time.monotonic()) or words in self.said, self.said

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def goesOn(self, seconds: float) -> bool:
        """Take what it says, for so long at most; false means that it has ended."""
        self._listenFor(seconds)
        return self._process.poll() is None

    def stop(self, number: signal.Signals, seconds: float) -> int:
        """
        Send a signal and wait for the end, as L{ended} does.
        """
        self._process.send_signal(number)
        return self.ended(seconds)

    def ended(self, seconds: float) -> int:
        """
        Wait for the end.

        @param seconds: How long it may take.
        @return: The exit status, negative for the signal that it died of.
        """
        status = self._process.wait(seconds)
        while self._listenFor(0) and select.select([self._output], [], [], 0)[0]:
            pass
        return status


def exchange(connection: socket.socket, request: bytes, answerEnd: bytes) -> bytes:
    """Send a request and read until the answer ends so, or the other side closes."""
    connection.sendall(request)
    answer = b""
    while not answer.endswith(answerEnd):
        data = connection.recv(65536)
        if not data:
            break
        answer += data
    return answer


def untilClosed(connection: socket.socket) -> bytes:
    """Read what the other side sends before it closes the connection; a reset is an error."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return data
