"""
The log of the command while it runs: how much is logged, and into which file.

The runners choose the observers and offer neither a level to change nor a file to reopen, so what
they chose is looked at here. Twisted has no public way to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    PredicateResult,
)
from twisted.python.logfile import BaseLogFile
from zope.interface import provider

from nuttwist.logs.events import LOG_NOT_REOPENED, LOG_REOPENED, NO_LOG_FILE, VERBOSITY
from nuttwist.logs.levels import LEVELS, logFilter

_log = Logger(namespace="nuttwist.logs")


def _bare(observer: ILogObserver) -> ILogObserver:
    while isinstance(observer, FilteringLogObserver):
        observer = observer._observer  # noqa: SLF001
    return observer


def bareObservers(publisher: LogPublisher) -> list[ILogObserver]:
    """
    The observers behind all filters.
    """
    return [_bare(each) for each in publisher._observers]  # noqa: SLF001


@provider(ILogFilterPredicate)
def _unlessSaidBetter(event: LogEvent) -> Any:
    # The proxy says itself where it listens, and for whom.
    isPorts = _PORTS.match(event.get("log_text", "")) is not None
    return PredicateResult.no if isPorts else PredicateResult.maybe


#: What Twisted says when a port opens or closes.
_PORTS = re.compile(r"[\w.]+( \([\w.]+\))* starting on |\((TCP|UNIX) Port .* Closed\)$")


def limitLog(publisher: LogPublisher, allowed: LogLevelFilterPredicate) -> None:
    """
    Hold back what is not allowed from every observer of C{publisher}, and what the proxy says
    better itself.
    """
    for observer in tuple(publisher._observers):  # noqa: SLF001
        publisher.removeObserver(observer)
        limits = [_unlessSaidBetter, allowed]
        publisher.addObserver(FilteringLogObserver(_bare(observer), limits))


class Verbosity:
    """
    How much is logged, in steps of Twisted's levels.

    @ivar changed: called with the new verbosity, from 0 to 11, when it is another one.
    """

    def __init__(self, verbosity: int, publisher: LogPublisher) -> None:
        """
        @param verbosity: twemproxy's, from 0 to 11.
        """
        self.changed: Callable[[int], None] = lambda _: None
        self._publisher = publisher
        self._allowed = logFilter(verbosity)
        self._step = next(at for at, (most, _) in enumerate(LEVELS) if verbosity <= most)

    def begin(self) -> None:
        """
        Let the start say everything, so that the log is complete if it fails.
        """
        limitLog(self._publisher, LogLevelFilterPredicate(LogLevel.debug))

    def apply(self) -> None:
        """
        Have the observers of this moment follow it.
        """
        limitLog(self._publisher, self._allowed)

    def more(self) -> None:
        """
        Log one level more, up to everything.
        """
        self._go(min(self._step + 1, len(LEVELS) - 1))

    def less(self) -> None:
        """
        Log one level less, down to what is critical.
        """
        self._go(max(self._step - 1, 0))

    def _go(self, step: int) -> None:
        verbosity, level = LEVELS[step]
        # Told while more is logged, or nobody would read it.
        if step < self._step:
            self._tell(level.name)
        self._allowed.setLogLevelForNamespace("", level)
        self.apply()
        if step >= self._step:
            self._tell(level.name)
        if step != self._step:
            self._step = step
            self.changed(verbosity)

    def _tell(self, level: str) -> None:
        VERBOSITY(_log, least=level)


def _files(publisher: LogPublisher) -> Iterator[Any]:
    for observer in bareObservers(publisher):
        if isinstance(observer, FileLogObserver):
            yield observer._outFile  # noqa: SLF001


def reopenLogs(publisher: LogPublisher) -> None:
    """
    Go on in the files that have the names of the log files by now, after somebody has moved those
    away. What cannot be reopened stays as it is, and so does what is no file.
    """
    try:
        reopened = sum([_reopen(file) for file in _files(publisher)])
    except OSError as error:
        LOG_NOT_REOPENED(_log, reason=error)
    else:
        (LOG_REOPENED if reopened else NO_LOG_FILE)(_log)


def _reopen(file: Any) -> bool:
    if isinstance(file, BaseLogFile):
        # It closes the old file first, and could then write nowhere.
        os.close(_appending(file.path))
        file.reopen()
        return True
    if hasattr(file, "reopen"):
        file.reopen()
        return True
    if not isinstance(getattr(file, "name", None), str) or file.fileno() <= _STANDARD:
        return False
    fresh = _appending(file.name)
    os.dup2(fresh, file.fileno(), inheritable=False)
    os.close(fresh)
    return True


#: The last descriptor of the standard streams, which have no name to reopen.
_STANDARD = 2


def _appending(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
