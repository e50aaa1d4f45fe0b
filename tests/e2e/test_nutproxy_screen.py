"""What the subcommands of C{nutproxy} show on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

from tests.e2e.command import SECONDS
from tests.e2e.proxy import Proxy, poolText
from tests.e2e.servers import HOST, freePort, startMemcached

ROWS, COLUMNS = 30, 120
ALTERNATE_SCREEN, USUAL_SCREEN = "\x1b[?1049h", "\x1b[?1049l"


class Screen:
    """
    A command on a terminal of its own.

    @ivar seen: What it has written, escapes and all.
    """

    def __init__(self, *words: str | Path) -> None:
        self.seen = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nuttwist", *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(theirs)

    def __enter__(self) -> Screen:  # noqa: PYI034  typing.Self is younger than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._ours)

    def waitFor(self, words: str) -> None:
        """Wait until this was written."""
        deadline = time.monotonic() + SECONDS
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            assert self._take() or words in self.seen, self.seen

    def ended(self) -> int:
        """Wait for the end, and take the rest."""
        while self._take():
            pass
        return self.process.wait(SECONDS)

    def _take(self) -> bool:
        """Take what comes; false at the end, when the system has an error for us."""
        select.select([self._ours], [], [], SECONDS)
        with suppress(OSError):
            self.seen += os.read(self._ours, 65536).decode(errors="replace")
            return True
        return False


def test_topDrawsOverItselfUntilControlC(tmp_path: Path) -> None:
    """The frames are on a screen of their own, which is gone at the end, with status 0."""
    with startMemcached() as server, Proxy(tmp_path, [server]) as proxy:
        place = f"{HOST}:{proxy.statsPort}"
        with Screen("top", place, "--interval", "0.1") as screen:
            screen.waitFor("requests/s")
            first = len(screen.seen)
            screen.waitFor("s0")
            while screen.seen.count("requests/s") < 4:
                assert screen._take(), screen.seen
            screen.process.send_signal(signal.SIGINT)
            assert screen.ended() == 0
    assert ALTERNATE_SCREEN in screen.seen[:first]
    assert USUAL_SCREEN in screen.seen
    assert "Traceback" not in screen.seen


def test_planShowsABarThatGoesAway(tmp_path: Path) -> None:
    """While keys are counted there is a bar, and at the end only the answer."""
    path = tmp_path / "pool.yml"
    with startMemcached() as server:
        path.write_text(poolText(freePort(), [server]))
    with Screen("plan", path, path, "--keys", "400000") as screen:
        screen.waitFor("/400000")
        assert screen.ended() == 0
    answer = screen.seen.rpartition("/400000")[2]
    assert "pool pool: 0 of 400000 keys move, 0.00%" in answer
    assert "\x1b[2K" in answer


def test_narrowScreenCutsNothingOff(tmp_path: Path) -> None:
    """What does not fit is folded: every word of a table is there."""
    path = tmp_path / "pool.yml"
    with startMemcached() as server:
        path.write_text(poolText(freePort(), [server]).replace(" s0", f" {'long' * 30}"))
    with Screen("ring", path) as screen:
        assert screen.ended() == 0
    assert "…" not in screen.seen
