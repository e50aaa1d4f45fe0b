"""The log while it is written: how much of it, and into which file."""

from __future__ import annotations

import sys

import pytest
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    capturedLogs,
    textFileLogObserver,
)
from twisted.python.logfile import LogFile

from nuttwist.logs.levels import logFilter
from nuttwist.logs.process import Verbosity, limitLog, reopenLogs


def say(publisher: LogPublisher, level: object, text: str = "") -> None:
    """Log something."""
    publisher({"log_level": level, "log_namespace": "nuttwist", "log_format": text})


def levels(seen: list) -> list:
    """The levels of what an observer has seen."""
    return [event["log_level"] for event in seen]


def test_limitedLogKeepsWhatIsSerious() -> None:
    """Every observer that a runner chose goes on seeing errors, and no information any more."""
    first, second = [], []
    publisher = LogPublisher(first.append, second.append)
    limitLog(publisher, logFilter(3))
    say(publisher, LogLevel.info)
    say(publisher, LogLevel.error)
    assert (levels(first), levels(second)) == ([LogLevel.error], [LogLevel.error])


def test_theLastLimitHolds() -> None:
    """A limit takes the place of the one before, a runner's own as well."""
    seen = []
    publisher = LogPublisher(
        FilteringLogObserver(seen.append, [LogLevelFilterPredicate(LogLevel.error)])
    )
    limitLog(publisher, logFilter(4))
    limitLog(publisher, logFilter(11))
    say(publisher, LogLevel.debug)
    assert levels(seen) == [LogLevel.debug]


@pytest.mark.parametrize(
    ("steps", "least", "told"),
    [
        (["more"], LogLevel.debug, [11]),
        (["more", "more"], LogLevel.debug, [11]),
        (["less"], LogLevel.warn, [4]),
        (["less"] * 9, LogLevel.critical, [4, 3, 1]),
        (["less", "less", "more"], LogLevel.warn, [4, 3, 4]),
    ],
)
def test_verbosityGoesByLevels(steps: list[str], least: object, told: list[int]) -> None:
    """Each step is one level, from everything to what is critical, and others hear of it."""
    seen, changes = [], []
    publisher = LogPublisher(seen.append)
    verbosity = Verbosity(5, publisher)
    verbosity.changed = changes.append
    for step in steps:
        getattr(verbosity, step)()
    for level in LogLevel.iterconstants():
        say(publisher, level)
    assert min(levels(seen)) is least
    assert changes == told


def logTo(file: object) -> LogPublisher:
    """A publisher that writes into a file and is limited."""
    publisher = LogPublisher(textFileLogObserver(file))
    limitLog(publisher, logFilter(5))
    return publisher


@pytest.mark.parametrize("kind", ["twistd's", "python -m twisted's"])
def test_aMovedFileIsBegunAnew(tmp_path, kind: str) -> None:
    """After the file was moved away the log goes on under its name, and nothing is lost."""
    path = tmp_path / "log"
    twistds = kind == "twistd's"
    file = LogFile.fromFullPath(str(path)) if twistds else path.open("a")
    publisher = logTo(file)
    say(publisher, LogLevel.info, "before")
    path.rename(tmp_path / "old")
    reopenLogs(publisher)
    say(publisher, LogLevel.info, "after")
    file.close()
    assert "before" in (tmp_path / "old").read_text()
    assert "after" not in (tmp_path / "old").read_text()
    assert "after" in path.read_text()


@pytest.mark.parametrize("kind", ["twistd's", "python -m twisted's"])
def test_aFileInItsPlaceIsGoneOnWith(tmp_path, kind: str) -> None:
    """A file that nobody has moved is neither emptied nor renamed."""
    path = tmp_path / "log"
    twistds = kind == "twistd's"
    file = LogFile.fromFullPath(str(path)) if twistds else path.open("a")
    publisher = logTo(file)
    say(publisher, LogLevel.info, "before")
    reopenLogs(publisher)
    say(publisher, LogLevel.info, "after")
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["log"]
    assert path.read_text().index("before") < path.read_text().index("after")


def test_whatCannotBeReopenedStays(tmp_path) -> None:
    """With its directory gone the log goes on in the file that is open."""
    folder = tmp_path / "logs"
    folder.mkdir()
    file = LogFile.fromFullPath(str(folder / "log"))
    publisher = logTo(file)
    folder.rename(tmp_path / "moved")
    reopenLogs(publisher)
    say(publisher, LogLevel.info, "after")
    file.close()
    assert "after" in (tmp_path / "moved" / "log").read_text()


def test_theOwnFileOfARunnerIsAskedItself() -> None:
    """A file that knows how to be reopened is asked to."""

    class Own:
        reopened = 0

        def reopen(self) -> None:
            self.reopened += 1

        def write(self, _: str) -> None: ...

        def flush(self) -> None: ...

    own = Own()
    reopenLogs(LogPublisher(FileLogObserver(own, str)))
    assert own.reopened == 1


def test_noLogFileIsNoHarm() -> None:
    """Standard output has no name to be opened by, and that is said."""
    with capturedLogs() as events:
        reopenLogs(LogPublisher(textFileLogObserver(sys.__stdout__)))
    assert [event["log_format"] for event in events] == ["there is no log file to reopen"]
