"""
Where C{nutproxy run} writes its log: as nutcracker, to standard error or the end of a file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from twisted.logger import ILogObserver, textFileLogObserver

_MODE = 0o644


class LogFile:
    """
    A file that is appended to, and can be begun anew under its name.

    @ivar path: absolute, so that it stays the same file for a daemon.
    """

    def __init__(self, path: str) -> None:
        """@raise OSError: If the file cannot be opened."""
        self.path = os.path.abspath(path)  # noqa: PTH100  a Path would resolve links as well
        self._descriptor = self._opened()

    def _opened(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)

    def write(self, text: str) -> None:
        """Append at once; a log that is held back is of no use after a crash."""
        if self._isElsewhere():
            self.reopen()
        os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back."""

    def reopen(self) -> None:
        """Go on in the file that has the name now; in the old one if there can be none."""
        with suppress(OSError):
            fresh = self._opened()
            os.dup2(fresh, self._descriptor, inheritable=False)
            os.close(fresh)

    def _isElsewhere(self) -> bool:
        # Scripts made for nutcracker rename the file and send SIGHUP, which is for other things.
        try:
            named = os.stat(self.path)  # noqa: PTH116  as everywhere in this class
        except OSError:
            return True
        return not os.path.samestat(named, os.fstat(self._descriptor))


def fileLog(path: str) -> Callable[[], ILogObserver]:
    """
    A log in a file, which is opened anew once it is renamed.

    @return: What makes the observer.
    @raise OSError: If the file cannot be opened.
    """
    file = LogFile(path)
    return lambda: textFileLogObserver(file)  # type: ignore[arg-type]  # it writes, no more


def standardErrorLog() -> ILogObserver:
    """A log on standard error."""
    return textFileLogObserver(sys.stderr)
