"""Medians and ratios."""

from __future__ import annotations

import pytest

from benchmarks.figures import Ratio, Sample, figures, ratio, sampled, typical
from benchmarks.loads import Load
from benchmarks.meter import Reading, Used


def cpu(form, total, p99=1.0):
    """A sample of which only the CPU and a latency matter."""
    return Sample(form, user=total / 4, system=total * 3 / 4, p99=p99)


def test_aRatioIsTakenWithinEachRound():
    """A slow round slows both, so its ratio is as good as any other's."""
    rounds = [
        [cpu("base", 10), cpu("ours", 5)],
        [cpu("base", 100), cpu("ours", 60)],
        [cpu("base", 10), cpu("ours", 8)],
    ]
    base, ours = figures(rounds, "base")
    assert base.cpu == Ratio(1, 1, 1)
    assert ours.cpu == Ratio(0.6, 0.5, 0.8)


def test_formsKeepTheOrderOfTheRounds():
    """The tables list the forms as they were driven."""
    rounds = [[cpu("base", 10), cpu("b", 10), cpu("a", 10)]]
    assert [each.typical.form for each in figures(rounds, "base")] == ["base", "b", "a"]


def test_noRoundsMakeNoFigures():
    """A case that was not measured has nothing to show."""
    assert figures([], "base") == []


def test_withoutTheBaselineThereIsNoRatio():
    """A run of our forms alone still has its medians."""
    (only,) = figures([[cpu("ours", 5)]], "base")
    assert only.cpu is None
    assert only.typical.cpu == 5


def test_nothingIsDividedByABaselineOfZero():
    """Idle clients use no CPU that could be compared."""
    assert ratio([(cpu("ours", 1), cpu("base", 0))], lambda each: each.cpu) is None


def test_eachFieldHasAMedianOfItsOwn():
    """The median latency need not be of the round with the median rate."""
    samples = [
        Sample("a", rate=1, p99=30),
        Sample("a", rate=2, p99=10),
        Sample("a", rate=3, p99=20),
    ]
    middle = typical(samples)
    assert (middle.form, middle.rate, middle.p99) == ("a", 2, 20)


def test_aSampleIsPerRequest():
    """CPU is told in microseconds and writes in parts, each for one request."""
    load = Load(requests=1000, seconds=0.5, p50=1, p99=2, p999=3)
    sample = sampled("a", load, Used(user=0.01, system=0.03, writes=250), rss=4096)
    assert sample.rate == 2000
    assert (sample.user, sample.system) == (pytest.approx(10), pytest.approx(30))
    assert (sample.writes, sample.rss) == (0.25, 4096)


def test_preciseTimeIsSplitAsTheCoarseOne():
    """The sum is of nanoseconds, the shares of user and kernel are of ticks."""
    before = Reading(run=1.0, user=0.5, system=0.5, writes=7)
    used = Reading(run=1.36, user=0.6, system=0.8, writes=17).since(before)
    assert used.user == pytest.approx(0.09)
    assert used.system == pytest.approx(0.27)
    assert used.writes == 10


def test_timeBelowATickIsSplitEvenly():
    """Without a tick nothing is known about the split, and the sum still holds."""
    before = Reading(run=1.0, user=0.5, system=0.5, writes=0)
    used = Reading(run=1.004, user=0.5, system=0.5, writes=0).since(before)
    assert used.user == used.system == pytest.approx(0.002)
