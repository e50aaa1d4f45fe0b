"""
How long many things took, in little memory: a histogram whose steps grow with the time.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, log2

STEPS = 64
"""Steps from one time to its double: each is about one in a hundred wide."""

_UNIT = 1e-6
"""Seconds; below, nothing is told apart."""


class Latencies:
    """
    @ivar count: how many were taken.
    @ivar longest: seconds.
    """

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0.0
        self._steps: Counter[int] = Counter()

    def take(self, seconds: float, count: int = 1) -> None:
        """Add some that took the same time."""
        self.count += count
        self.longest = max(self.longest, seconds)
        self._steps[ceil(STEPS * log2(max(seconds / _UNIT, 1)))] += count

    def curve(self) -> list[tuple[float, float]]:
        """Each time in seconds, ascending, with the share that took no longer."""
        points, seen = [], 0
        for step, count in sorted(self._steps.items()):
            seen += count
            points.append((min(_UNIT * 2 ** (step / STEPS), self.longest), seen / self.count))
        return points

    def quantile(self, share: float) -> float:
        """
        The time that this share of them took at most, in seconds; 0 if there are none.

        @param share: 0.99 for the ninety-ninth of a hundred.
        """
        return next((seconds for seconds, upTo in self.curve() if upTo >= share), self.longest)
