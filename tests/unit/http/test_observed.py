"""What several processes have seen, added up."""

from __future__ import annotations

from nuttwist.observed import (
    EJECTED,
    LIVE,
    Observed,
    Ranking,
    Standing,
    Timing,
    past,
    together,
)
from nuttwist.wire.samples import BOUNDS

ONE = [1] * (len(BOUNDS) + 1)


def seen(**kw):
    """What one process has seen of a pool."""
    return Observed("pool", Timing(ONE, 2.0), **kw)


def test_whatIsCountedAddsUp():
    """Histograms, failures, samples and top keys."""
    one = seen(
        samples=1,
        failures=[("a", "unknown", 2)],
        commands={"get": Timing(ONE, 1.0)},
        rankings={"requests": Ranking(5, [("k", 5, 1)])},
        slow=[{"time": 2.0}],
    )
    other = seen(
        samples=2,
        failures=[("a", "unknown", 1), (None, "x", 1)],
        commands={"set": Timing(ONE, 1.0)},
        rankings={"requests": Ranking(9, [("l", 7, 0), ("k", 2, 0)])},
        slow=[{"time": 1.0}],
    )
    both = together([one, other])["pool"]
    assert both.latency == Timing([2] * len(ONE), 4.0)
    assert both.samples == 3
    assert both.failures == [("a", "unknown", 3), (None, "x", 1)]
    assert set(both.commands) == {"get", "set"}
    assert both.rankings["requests"] == Ranking(14, [("k", 7, 1), ("l", 7, 0)])
    assert [each["time"] for each in both.slow] == [1.0, 2.0]


def test_aServerThatIsOutForOneIsOut():
    """The worse standing is told, with the latest trouble of both."""
    one = seen(standings={"a": Standing(LIVE, failures=2, trouble=(5.0, "late"))})
    other = seen(standings={"a": Standing(EJECTED, 1.0, 9.0, 0, (3.0, "early")), "b": Standing()})
    both = together([one, other])["pool"]
    assert both.standings["a"] == Standing(EJECTED, 1.0, 9.0, 2, (5.0, "late"))
    assert both.standings["b"] == Standing()


def test_ofAProcessThatHasEndedTheStandingsAreForgotten():
    """Its counts stay."""
    left = past(seen(standings={"a": Standing(EJECTED)}, samples=4))
    assert (left.standings, left.samples) == ({}, 4)
