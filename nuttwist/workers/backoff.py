"""
How long to wait before a worker is started again.
"""

from __future__ import annotations

import attrs

#: Seconds before the first new start of a worker that had run long enough.
FIRST = 0.1

#: Seconds at most.
MOST = 30.0

#: Seconds that a worker must have run for its end to be the first again.
STEADY = 10.0


@attrs.define
class Backoff:
    """
    The wait doubles with each worker of a place that ends soon, up to L{MOST}.

    Moments are seconds of any clock, as long as it is always the same one.
    """

    _ends: int = 0
    _started: float = 0.0

    def started(self, now: float) -> None:
        """
        A worker was started.
        """
        self._started = now

    def ended(self, now: float) -> float:
        """
        It ended.

        @return: the seconds to wait before the next is started.
        """
        self._ends = 1 if now - self._started >= STEADY else self._ends + 1
        # Beyond this power it is the most anyway, and a float has an end.
        return min(MOST, FIRST * 2.0 ** min(self._ends - 1, 32))
