"""
The last events of the log, for those who look at them later.
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import count
from typing import Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText
from zope.interface import implementer

#: Events that are kept.
LENGTH = 500

#: Characters of a text that are kept.
TEXT_MAX = 500

#: What counts as a kind of its own, by the names of L{nuttwist.logs.events}; all else is L{OTHER}.
KINDS = {
    "server_ejected": "ejected",
    "server_readmitted": "readmitted",
    "server_lost": "lost",
    "server_unreachable": "lost",
    "reloaded": "reloaded",
}
OTHER = "log"

LEVELS = (LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical)


@implementer(ILogObserver)
class Journal:
    """
    Remembers what nuttwist logs, from information upwards.

    @ivar counts: how many events there were of each kind.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._numbers = count(1)
        self._events: deque[dict[str, Any]] = deque(maxlen=LENGTH)

    def __call__(self, event: LogEvent) -> None:
        namespace = event.get("log_namespace") or ""
        if namespace.partition(".")[0] != "nuttwist" or event.get("log_level") not in LEVELS:
            return
        kind = KINDS.get(event.get("event", ""), OTHER)
        fields = event.get("fields", {})
        self.counts[kind] += 1
        self._events.appendleft(
            {
                "id": next(self._numbers),
                "time": event["log_time"],
                "level": event["log_level"].name,
                "kind": kind,
                "pool": _text(fields.get("pool")),
                "server": _text(fields.get("server")),
                "text": eventAsText(event, includeTimestamp=False, includeSystem=False)[:TEXT_MAX],
            }
        )

    def since(self, after: int, limit: int) -> dict[str, Any]:
        """
        The newest events, newest first.

        @param after: the C{id} that was seen last.
        """
        events = [each for each in self._events if each["id"] > after]
        newest = self._events[0]["id"] if self._events else after
        return {"next": max(newest, after), "events": events[:limit]}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
