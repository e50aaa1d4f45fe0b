"""
The log for programs: each event is one line, a JSON object.

Twisted's own format of JSON has the internals of an event, most of them by the names of classes;
this one has what C{docs/logging.md} promises.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogPublisher,
    formatEvent,
)
from zope.interface import provider

from nuttwist.logs.process import bareObservers

#: The C{event} of what is not the proxy's own.
OTHER = "log"


def plain(value: object) -> object:
    """
    A field as JSON can have it: text, unless it is a number or nothing.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def fieldsOf(event: LogEvent) -> dict[str, Any]:
    """
    The fields of one of the proxy's own events; of any other, none.
    """
    return {name: plain(value) for name, value in event.get("fields", {}).items()}


def jsonLine(event: LogEvent) -> str:
    """
    The line of an event, with its end.
    """
    time = datetime.fromtimestamp(event.get("log_time", 0), timezone.utc)
    line = {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": (event.get("log_level") or LogLevel.info).name,
        "namespace": event.get("log_namespace") or "",
        "event": event.get("event", OTHER),
        "message": formatEvent(event),
        **fieldsOf(event),
    }
    if "log_failure" in event:
        line["traceback"] = event["log_failure"].getTraceback()
    return json.dumps(line) + "\n"


def logInJson(publisher: LogPublisher) -> None:
    """
    Have the observers that write to files or streams write JSON, from the first line on. Those of
    twistd do not exist yet when its options are read.
    """

    @provider(ILogObserver)
    def change(_: LogEvent) -> None:
        for each in bareObservers(publisher):
            if isinstance(each, FileLogObserver):
                each.formatEvent = jsonLine

    publisher.addObserver(change)
