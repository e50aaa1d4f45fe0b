"""
Connections that have to go, and may answer first what waits on them.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred

from nuttwist.net.backend import Backend


class Parting:
    """
    The connections of one pool that are about to go.
    """

    def __init__(self) -> None:
        self._going: set[Backend] = set()

    def finish(self, backends: Iterable[Backend], seconds: float) -> list[Deferred[None]]:
        """
        Have what waits answered, and then close; nothing new is to be sent.

        @param seconds: how long that may take at most; what is left then fails.
        @return: they fire when the connections are closed.
        """
        return [self._finish(each, seconds) for each in backends]

    def _finish(self, backend: Backend, seconds: float) -> Deferred[None]:
        self._going.add(backend)
        return backend.retire(seconds).addCallback(lambda _: self._going.discard(backend))

    def stop(self, others: Iterable[Backend]) -> list[Deferred[None]]:
        """
        Close what is going at once, and others with it.

        @return: they fire when the connections are closed.
        """
        return [each.stop() for each in {*self._going, *others}]
