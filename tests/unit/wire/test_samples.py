"""What is kept of samples: bounded, and the same added up."""

from __future__ import annotations

from collections import Counter
from math import inf

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.samples import BOUNDS, Histogram, TopKeys, quantile, topOf

KEYS = st.lists(st.tuples(st.sampled_from([b"%d" % each for each in range(12)]), st.integers(1, 9)))


@pytest.mark.parametrize(
    ("seconds", "place"), [(0, 0), (0.00005, 0), (0.00006, 1), (10, 16), (10.1, 17)]
)
def test_aDurationIsCountedInTheBucketWhoseBoundItDoesNotPass(seconds, place):
    """A bound belongs to the bucket below it, as Prometheus's le says."""
    histogram = Histogram()
    histogram.add(seconds, 3)
    assert [at for at, count in enumerate(histogram.counts) if count] == [place]
    assert histogram.count() == 3
    assert histogram.total == pytest.approx(seconds * 3)


def test_bucketsAreCumulativeUpToInfinity():
    """Each bucket has all that was not longer."""
    histogram = Histogram()
    for seconds in (0.00001, 0.2, 99):
        histogram.add(seconds)
    buckets = histogram.buckets()
    assert buckets[0] == (BOUNDS[0], 1)
    assert (0.25, 2) in buckets
    assert buckets[-1] == (inf, 3)


def test_histogramsAddUp():
    """What two have counted is in the one that absorbs, and stays in the other."""
    one, other = Histogram(), Histogram([1] * (len(BOUNDS) + 1), 2.0)
    one.add(0.3, 5)
    one.absorb(other)
    assert (one.count(), one.total) == (5 + 18, pytest.approx(3.5))
    assert other.count() == 18


def test_aQuantileLiesInItsBucket():
    """Half of ten durations under 1 ms and the last of them are where they must be."""
    histogram = Histogram()
    histogram.add(0.0007, 9)
    histogram.add(0.3)
    assert 0.0005 < quantile(histogram.counts, 0.5) <= 0.001
    assert 0.25 < quantile(histogram.counts, 0.99) <= 0.5
    assert quantile(histogram.counts, 0) == 0.0005


def test_aQuantileOfNothingIsNone():
    """Nothing was counted, nothing is told."""
    assert quantile(Histogram().counts, 0.5) is None


def test_aQuantileBeyondTheLastBoundIsThatBound():
    """More is not known about it."""
    histogram = Histogram()
    histogram.add(60)
    assert quantile(histogram.counts, 0.5) == BOUNDS[-1]


@given(KEYS)
def test_fewKeysAreCountedExactly(additions):
    """As long as there is a counter for each key, nothing is estimated."""
    top, exact = TopKeys(12), Counter()
    for key, weight in additions:
        top.add(key, weight)
        exact[key] += weight
    assert {key: estimate for key, estimate, _ in top.top()} == exact
    assert all(error == 0 for *_, error in top.top())


@given(KEYS)
def test_anEstimateIsNeverTooLowAndNoHigherThanItsErrorSays(additions):
    """The two promises of Space-Saving, and its bound of the error."""
    top, exact = TopKeys(4), Counter()
    for key, weight in additions:
        top.add(key, weight)
        exact[key] += weight
    assert len(top.top()) <= 4
    assert top.weight == exact.total()
    for key, estimate, error in top.top():
        assert exact[key] <= estimate <= exact[key] + error
        assert error <= exact.total() / 4


@given(KEYS)
def test_aKeyWithMoreThanAFourthIsAmongFour(additions):
    """What is hot cannot be missed."""
    top, exact = TopKeys(4), Counter()
    for key, weight in additions:
        top.add(key, weight)
        exact[key] += weight
    found = {key for key, *_ in top.top()}
    assert {key for key, weight in exact.items() if weight > exact.total() / 4} <= found


def test_theGreatestComesFirst():
    """Equals are in the order of their bytes."""
    top = TopKeys()
    for key in (b"b", b"c", b"a", b"c"):
        top.add(key)
    assert [key for key, *_ in top.top()] == [b"c", b"a", b"b"]


def test_topsOfSeveralProcessesAddUp():
    """A key that two have is counted with both of its parts."""
    assert topOf([[("a", 5, 1), ("b", 4, 0)], [("b", 3, 2)]]) == [("b", 7, 2), ("a", 5, 1)]
