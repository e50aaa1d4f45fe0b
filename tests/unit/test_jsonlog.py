"""The log for programs."""

from __future__ import annotations

import io
import json

from twisted.logger import (
    Logger,
    LogPublisher,
    capturedLogs,
    eventAsText,
    textFileLogObserver,
)
from twisted.python import log as legacy

from nuttwist.logs.events import LISTENING, SERVER_EJECTED, TASK_FAILED
from nuttwist.logs.jsonlog import jsonLine, logInJson
from nuttwist.logs.levels import logFilter
from nuttwist.logs.process import limitLog
from nuttwist.workers.logged import relay
from nuttwist.workers.messages import Logged

EJECTED = {
    "pool": "p",
    "server": b"s\xff",
    "term": "for good",
    "reason": "x\ny",
    "seconds": None,
    "by_hand": False,
}


def written(say) -> list[dict]:
    """The lines of what is logged by C{say}, which is given a logger."""
    file = io.StringIO()
    publisher = LogPublisher()
    logInJson(publisher)
    publisher.addObserver(textFileLogObserver(file))
    say(Logger(namespace="nuttwist.some", observer=publisher))
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_aLineHasItsFieldsAndWhatEachHas() -> None:
    """Numbers and nothing stay what they are, bytes and line ends become text, on one line."""
    (line,) = written(lambda log: SERVER_EJECTED(log, **EJECTED))
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warn",
        "namespace": "nuttwist.some",
        "event": "server_ejected",
        "message": "p: ejected b's\\xff' for good: x\ny",
        "pool": "p",
        "server": "s\\xff",
        "term": "for good",
        "seconds": None,
        "reason": "x\ny",
        "by_hand": False,
    }


def test_timeHasMilliseconds() -> None:
    """It is UTC, as RFC 3339 writes it."""
    event = {"log_time": 1767607200.0125, "log_format": "x"}
    (line,) = written(lambda log: log.observer(event))
    assert line["time"] == "2026-01-05T10:00:00.012Z"


def test_whatOthersLogHasNoFields() -> None:
    """An event that is not the proxy's own is called log, whatever it carries."""
    (line,) = written(lambda log: log.info("{a}", a=object, time=5))
    assert set(line) == {"time", "level", "namespace", "event", "message"}
    assert line["event"] == "log"


def test_failuresHaveTheirTraceback() -> None:
    """As a text, apart from the message."""

    def say(log: Logger) -> None:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            TASK_FAILED.failed(log, task="it")

    (line,) = written(say)
    assert line["message"] == "it failed at the end of a turn"
    assert line["traceback"].rstrip().endswith("ZeroDivisionError: division by zero")


def test_aWorkersEventIsTheSameWithItsNumber() -> None:
    """The parent's line of a worker's event has name, fields, namespace and traceback of it."""
    about = {"pool": "p", "server": "s"}
    with capturedLogs() as seen:
        relay(3, Logged("warn", "told", "nuttwist.x", "server_ejected", about, "Traceback ..."))
    line = json.loads(jsonLine(seen[0]))
    line.pop("time")
    assert line == {
        "level": "warn",
        "namespace": "nuttwist.x",
        "event": "server_ejected",
        "message": "worker 3: told",
        "pool": "p",
        "server": "s",
        "worker": 3,
        "traceback": "Traceback ...",
    }
    assert "Traceback ..." in eventAsText(seen[0])


def test_twistedsOwnWordsAboutPortsAreLeftOut() -> None:
    """The proxy says itself who listens where; the rest of what Twisted says stays."""
    seen = []
    publisher = LogPublisher(seen.append)
    limitLog(publisher, logFilter(5))
    for text in (
        "Frontend starting on 22121",
        "GuardedSite (Connections) starting on 8222",
        "StatisticsFactory (TLS) starting on 22222",
        "(TCP Port 22121 Closed)",
        "(UNIX Port '/run/pool' Closed)",
        "twistd starting up.",
    ):
        legacy_ = legacy.LogPublisher(publishPublisher=publisher, observerPublisher=LogPublisher())
        legacy_.msg(text)
    assert [each["log_text"] for each in seen] == ["twistd starting up."]


def test_fieldsOfListening() -> None:
    """A listener is told of with its name and its place."""
    (line,) = written(lambda log: LISTENING(log, listener="p", address="127.0.0.1:1"))
    assert (line["listener"], line["address"]) == ("p", "127.0.0.1:1")
