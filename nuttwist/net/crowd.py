"""
A bound for what waits to be written to a server: over it, the clients that feed it are held back.
"""

from __future__ import annotations

from collections.abc import Callable

from nuttwist.wire.pipeline import Pipeline

#: Bytes of unwritten requests over which clients are held back, by default.
CROWD = 1024 * 1024


class Crowd:
    """
    Measures the in-queue of one pipeline; no request is measured twice while it waits.

    @ivar most: bytes of unwritten requests over which clients are held back.
    """

    def __init__(self, pipeline: Pipeline, changed: Callable[[int], None], most: int) -> None:
        """
        @param changed: told of one more pipeline that holds clients back, or of one less.
        """
        self.most = most
        self._pipeline = pipeline
        self._changed = changed
        # Of the requests that cannot be written yet: how many are measured, and their bytes.
        self._measured = self._bytes = 0

    def measure(self) -> None:
        """
        Requests wait that cannot be written yet.
        """
        queue = self._pipeline.inQueue
        self._bytes += sum(len(each.data) for each in queue[self._measured :])
        self._measured = len(queue)
        if self._bytes > self.most and not self._pipeline.crowded:
            self._pipeline.crowded = True
            self._changed(+1)

    def relieve(self) -> None:
        """
        Let the clients go on: there is room again, or they have other ways.
        """
        self._measured = self._bytes = 0
        if self._pipeline.crowded:
            self._changed(-1)
            self._pipeline.relieve()
