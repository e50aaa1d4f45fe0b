"""
The deadline of the oldest request of a backend: the out-queue is a queue, so no other can pass
first, and one timer is enough. Only a request that is repeated may be older than those before it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import Request

#: By how much of the timeout a look must be late to show that the proxy itself was busy: what the
#: server has said meanwhile is not read yet.
AWAY = 0.1


class Clock(Protocol):
    """
    What is needed of time.
    """

    def seconds(self) -> float: ...

    def callLater(
        self, delay: float, function: Callable[..., None], *args: Any
    ) -> IDelayedCall: ...


class Deadline:
    """
    Watches the requests of one pipeline.

    It runs only while something waits, and is not moved by every request: when it goes off too
    early for the request that is the oldest by then, it is set again. When it goes off so late
    that the proxy must have been away, what waits by then is given its timeout once more.
    """

    def __init__(
        self, clock: Clock, timeout: float | None, pipeline: Pipeline, passed: Callable[[], None]
    ) -> None:
        """
        @param timeout: seconds from queueing a request to its reply; L{None} waits for ever.
        @param passed: called when the oldest request has waited longer.
        """
        self._clock = clock
        self._timeout = timeout
        self._pipeline = pipeline
        self._passed = passed
        self._delayed: IDelayedCall | None = None
        # What was queued no later than this was given its timeout from then on.
        self._sparedAt = -inf

    def watch(self) -> None:
        """
        There may be something to watch now.
        """
        if self._pipeline.repeated:
            self._cancel()
            # Looking forgets those that have their reply, where there is no timeout too.
            self._pipeline.oldest()
        if self._timeout is not None and self._delayed is None:
            self._look()

    def change(self, timeout: float | None) -> None:
        """
        Have another time from now on, also for what waits already.
        """
        self.stop()
        self._timeout = timeout
        if timeout is not None and self._pipeline.oldest() is not None:
            # Not at once: whoever changes it is not done yet.
            self._delayed = self._clock.callLater(0, self._look)

    def stop(self) -> None:
        """
        There is nothing to watch any more.
        """
        self._cancel()
        self._sparedAt = -inf

    def _cancel(self) -> None:
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None

    def _look(self) -> None:
        self._delayed = None
        oldest = self._pipeline.oldest()
        if oldest is None or self._timeout is None:
            self._sparedAt = -inf
            return
        left = self._left(oldest, self._timeout)
        if left > 0:
            self._delayed = self._clock.callLater(left, self._look)
        else:
            self._passed()

    def _left(self, oldest: Request, timeout: float) -> float:
        now = self._clock.seconds()
        if oldest.since <= self._sparedAt:
            return self._sparedAt + timeout - now
        left = oldest.since + timeout - now
        if left > -AWAY * timeout:
            return left
        self._sparedAt = now
        return timeout
