"""
The last minutes, a point a second.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from nuttwist.http.source import Look, PoolLook
from nuttwist.wire.samples import quantile

#: Seconds between two points, and how many points are kept.
STEP = 1.0
LENGTH = 300

#: What a point has, of each pool.
RATES = ("requests", "responses", "bytes", "errors")
FIELDS = (*RATES, "clients", "p50", "p99")


@attrs.frozen
class Totals:
    """
    What was counted of a pool up to one moment.

    @ivar rates: what is told by the second, under the names of L{RATES}.
    @ivar latency: the counts of the histogram.
    """

    rates: dict[str, int]
    clients: int
    latency: list[int]


def totalsOf(look: PoolLook) -> Totals:
    """
    The totals of this moment.
    """
    servers = look.figures.servers.values()
    return Totals(
        {
            "requests": sum(each["requests"] for each in servers),
            "responses": sum(each["responses"] for each in servers),
            "bytes": sum(each["request_bytes"] + each["response_bytes"] for each in servers),
            "errors": look.figures.counters["forward_error"],
        },
        look.figures.counters["client_connections"],
        look.seen.latency.counts,
    )


def point(before: Totals, after: Totals, seconds: float) -> dict[str, float | None]:
    """
    What happened between two moments. A count that has shrunk is one that began anew.
    """
    latency = [max(0, b - a) for a, b in zip(before.latency, after.latency, strict=True)]
    return {
        **{name: max(0, after.rates[name] - before.rates[name]) / seconds for name in RATES},
        "clients": after.clients,
        "p50": quantile(latency, 0.5),
        "p99": quantile(latency, 0.99),
    }


class History:
    """
    Remembers what happened between one look and the next.
    """

    def __init__(self) -> None:
        self._last: tuple[float, dict[str, Totals]] | None = None
        self._points: deque[tuple[float, dict[str, dict[str, float | None]]]] = deque(maxlen=LENGTH)

    def add(self, look: Look) -> None:
        """
        Take another look.
        """
        totals = {each.config.name: totalsOf(each) for each in look.pools}
        if self._last is not None and look.time > self._last[0]:
            seconds = look.time - self._last[0]
            points = {
                name: point(self._last[1][name], after, seconds)
                for name, after in totals.items()
                if name in self._last[1]
            }
            self._points.append((look.time, points))
        self._last = look.time, totals

    def series(self, pools: list[str], after: float = 0) -> dict[str, Any]:
        """
        The points by field, oldest first; C{null} where a pool was not there yet.

        @param after: only of moments later than this, in seconds since 1970.
        """
        points = [each for each in self._points if each[0] > after]
        return {
            "step": STEP,
            "times": [moment for moment, _ in points],
            "pools": {
                name: {
                    field: [each.get(name, {}).get(field) for _, each in points] for field in FIELDS
                }
                for name in pools
            },
        }
