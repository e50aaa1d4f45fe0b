"""
Real memcached and redis processes on loopback, for as long as a test wants them.

    with startMemcached() as server:
        ...talk to 127.0.0.1, server.port...
        server.kill()

A program that is not installed, or does not accept connections in time, fails the test.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from tests.e2e.watch import untilWritten
from tests.ports import HOST, freePort

_READY_SECONDS = 60.0
_RETRY_SECONDS = 0.01


class ServerNotStartedError(AssertionError):
    """A server program is missing or did not come up; the message says which and why."""


class RealServer:
    """
    One server process, which keeps its port through L{kill} and L{restart}.

    @ivar port: where it listens, on 127.0.0.1.
    """

    def __init__(self, command: list[str], port: int, ready: int | None = None) -> None:
        """
        Start the program and wait until it accepts a connection.

        @param command: the program and its arguments, which must make it listen on C{port}.
        @param ready: the port that it is asked on, if a connection to C{port} would be counted.
        @raise ServerNotStartedError: it is not installed, or it ended or was silent too long.
        """
        if shutil.which(command[0]) is None:
            raise ServerNotStartedError(f"{command[0]} is not on PATH; tests/setup.sh installs it")
        self.port = port
        self._ready = ready or port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115  # open for as long as the server
        self.restart()

    def __enter__(self) -> RealServer:  # noqa: PYI034  # typing has no Self in Python 3.10
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, f"{self._command[0]} is not running"
        return self._process.pid

    def restart(self) -> None:
        """Start the program again, empty and on the same port; one that runs is killed first."""
        self.kill()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        try:
            self._waitUntilAccepting(time.monotonic() + _READY_SECONDS)
        except ServerNotStartedError:
            self.close()
            raise

    def log(self) -> str:
        """Everything that it has written, over all its lives."""
        # Its own writes continue where the file stands, so that must not move.
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def untilSaid(self, words: str | re.Pattern[str], since: int = 0) -> str:
        """
        Wait until it has written something like this.

        @param words: a regular expression.
        @param since: how long the log was before.
        @return: all that it has written since then.
        """

        def said() -> str:
            new = self.log()[since:]
            return new if re.search(words, new) else ""

        told = untilWritten(Path(self._log.name), said, _READY_SECONDS)
        assert told, self.log()
        return told

    def terminate(self) -> int:
        """
        Ask the process to end, with SIGTERM, and wait until it has.

        @return: its exit status, negative for the signal that it died of.
        """
        assert self._process is not None, f"{self._command[0]} is not running"
        self._process.terminate()
        status = self._process.wait(_READY_SECONDS)
        self._process = None
        return status

    def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone; nothing to do if it is."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(_READY_SECONDS)
        self._process = None

    def stop(self) -> None:
        """Hold the process with SIGSTOP: connections stay, answers do not come."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def cont(self) -> None:
        """Let a process that was held go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process, held or not, and forget what it wrote; may be called again."""
        self.kill()
        self._log.close()

    def _waitUntilAccepting(self, deadline: float) -> None:
        ended = os.pidfd_open(self.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(ended, selectors.EVENT_READ)
                while not _accepts(self._ready):
                    if selector.select(_RETRY_SECONDS) or time.monotonic() > deadline:
                        raise ServerNotStartedError(self._complaint())
        finally:
            os.close(ended)

    def _complaint(self) -> str:
        command = " ".join(self._command)
        return f"{command} does not accept connections; it wrote: {self.log().strip()!r}"


def startMemcached(*arguments: str) -> RealServer:
    """
    Start a memcached.

    @param arguments: further command line arguments.
    """
    # It runs as root only when told to.
    user = ["-u", "root"] if os.geteuid() == 0 else []
    program = ["memcached", "-l", HOST, "-U", "0", *user, *arguments]
    return _onFreePort(program, "-p")


def startRedis(*arguments: str) -> RealServer:
    """
    Start a redis server that saves nothing.

    @param arguments: further command line arguments.
    """
    quiet = ["--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir()]
    program = ["redis-server", "--bind", HOST, *quiet, *arguments]
    return _onFreePort(program, "--port")


def startTLSRedis(certificate: Path, key: Path, authority: Path, clients: str) -> RealServer:
    """
    Start a redis server that speaks nothing but TLS.

    @param authority: whose certificates its clients may have.
    @param clients: C{yes} if they must have one, C{no} if not.
    """
    files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority]
    quiet = ["--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir(), "--port", "0"]
    program = ["redis-server", "--bind", HOST, *quiet, "--tls-auth-clients", clients]
    return _onFreePort([*program, *map(str, files)], "--tls-port")


def _onFreePort(program: list[str], option: str) -> RealServer:
    port = freePort()
    return RealServer([*program, option, str(port)], port)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=_READY_SECONDS).close()
    except OSError:
        return False
    return True
