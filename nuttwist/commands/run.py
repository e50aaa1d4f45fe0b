"""
C{nutproxy run}: twemproxy's command line, with twistd inside.

twistd daemonises and writes the pid file; this process is the one that was started, and stays it
unless C{-d} asks for a daemon. Options that are not twemproxy's are those of C{twistd nutproxy}.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from getopt import getopt

from twisted.python.usage import UsageError
from twisted.scripts import twistd

from nuttwist.commands.logs import fileLog, standardErrorLog
from nuttwist.form import described
from nuttwist.options import Options

_OURS = ("daemonize", "output", "pid-file")
"""What twistd does, and C{twistd nutproxy} has no options for."""


class RunOptions(Options):
    """
    The options of C{twistd nutproxy} and the rest of twemproxy's.

    The further keys are C{daemonize}, C{output} and C{pid-file}, empty where there is none.
    """

    synopsis = "Usage: nutproxy run [options]"
    longdesc = "Exit status: 0 for -h, -V, -D and a right file with -t, 143 after SIGTERM, else 1."

    optFlags = [["daemonize", "d", "Run as a daemon."]]

    optParameters = [
        ["output", "o", "", "The log file, which is appended to; by default standard error."],
        ["pid-file", "p", "", "Where the process id is written, and removed at the end."],
    ]

    def opt_help(self) -> None:
        """Display this help and exit."""
        sys.stderr.write(f"This is {described()}\n\n{self}")
        raise SystemExit(0)

    opt_h = opt_help

    def twistdWords(self, words: Sequence[str]) -> list[str]:
        """
        The same command for twistd.

        @param words: What was parsed.
        """
        daemon = [] if self["daemonize"] else ["--nodaemon"]
        # twistd's own for a daemon would keep the pid file from others.
        before = [f"--umask={_umask():o}", f"--pidfile={self['pid-file']}"]
        return [*daemon, *before, "nutproxy", *self._passedOn(words)]

    def _passedOn(self, words: Sequence[str]) -> list[str]:
        given, _ = getopt(list(words), self.shortOpt, self.longOpt)
        named = [(self._longName(name.lstrip("-")), value) for name, value in given]
        return [
            f"--{name}={value}" if f"{name}=" in self.longOpt else f"--{name}"
            for name, value in named
            if name not in _OURS
        ]

    def _longName(self, name: str) -> str:
        # Options that are methods are known by the method's name.
        known = name if name in self.synonyms else name.replace("-", "_")
        return str(self.synonyms[known]).replace("_", "-")


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def main(words: Sequence[str]) -> int:
    """
    Serve until a signal ends it.

    @return: The exit status, if it did not serve.
    """
    options = RunOptions()
    try:
        options.parseOptions(list(words))
        _checkPidFile(options["pid-file"])
        log = fileLog(options["output"]) if options["output"] else standardErrorLog
    except (UsageError, OSError) as error:
        sys.stderr.write(f"nutproxy: {_reason(error)}\n")
        return 1
    server = twistd.ServerOptions()  # type: ignore[attr-defined]  # by platform
    server.parseOptions(options.twistdWords(words))
    server["logger"] = log
    twistd.runApp(server)
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot write {error.filename!r}: {error.strerror}"
    return str(error)


def _checkPidFile(path: str) -> None:
    """
    Refuse the pid file of a proxy that runs, and one that cannot be written.

    @raise UsageError: With the process that it names.
    @raise OSError: If it cannot be opened.
    """
    if not path:
        return
    with open(path, "a+b") as file:  # noqa: PTH123  a Path has no way to append and read
        file.seek(0)
        written = file.read(32).strip()
    if written and not written.isdigit():
        raise UsageError(f"option --pid-file: {path!r} has something else than a process id in it")
    number = int(written or 0)
    if number and number != os.getpid() and _runs(number):
        raise UsageError(f"option --pid-file: {path!r} is that of process {number}, which runs")
    os.unlink(path)  # noqa: PTH108  twistd refuses a file without a number


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
