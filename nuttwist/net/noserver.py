"""
What stands in for the backends of who is not live.
"""

from __future__ import annotations

from collections.abc import Callable

from nuttwist.net.troubles import REFUSED
from nuttwist.net.turn import Turn
from nuttwist.wire.counters import ServerCounters
from nuttwist.wire.pipeline import Pipeline


class NoServer:
    """
    Answers every request with an error, at the end of its turn.

    @ivar pipeline: where the requests go.
    """

    def __init__(
        self, turn: Turn, errorLine: Callable[[str], bytes], why: str = REFUSED.text
    ) -> None:
        """
        @param why: what clients are told.
        """
        self._turn = turn
        self._why = why
        self.pipeline = Pipeline(self, ServerCounters(), errorLine, _nobodyAnswers, -1)

    def wake(self) -> None:
        """
        There are requests.
        """
        self._turn.add(self)

    def turnEnded(self) -> None:
        """
        Fail them.
        """
        self.pipeline.awake = False
        self.pipeline.fail(self._why)


def _nobodyAnswers() -> None:
    """
    No reply ever comes to be counted.
    """
