"""The last minutes, a point a second."""

from __future__ import annotations

from nuttwist.http.history import LENGTH, History
from nuttwist.observed import Timing
from nuttwist.wire.samples import BOUNDS
from tests.unit.http.looks import lookAt, poolLook


def seen(time, requests, bucket=None):
    """A pool with so many requests up to a moment."""
    counts = [0] * (len(BOUNDS) + 1)
    if bucket is not None:
        counts[bucket] = requests
    servers = {"a": {"requests": requests, "responses": requests, "request_bytes": requests}}
    pool = poolLook("a", servers=servers, seen={"latency": Timing(counts)})
    return lookAt(pool, time=time)


def test_oneLookIsNoPoint():
    """A rate needs two."""
    history = History()
    history.add(seen(10.0, 5))
    assert history.series(["leaf"])["times"] == []


def test_ratesAreOfTheTimeBetween():
    """What was counted meanwhile, by the second."""
    history = History()
    history.add(seen(10.0, 5))
    history.add(seen(12.0, 25, bucket=1))
    leaf = history.series(["leaf"])["pools"]["leaf"]
    assert (leaf["requests"], leaf["bytes"], leaf["errors"]) == ([10.0], [10.0], [0.0])
    assert BOUNDS[0] < leaf["p50"][0] <= BOUNDS[1]


def test_aQuietSecondHasNoLatency():
    """It is null, not zero."""
    history = History()
    history.add(seen(10.0, 5))
    history.add(seen(11.0, 5))
    leaf = history.series(["leaf"])["pools"]["leaf"]
    assert (leaf["p50"], leaf["requests"]) == ([None], [0.0])


def test_aCountThatShrankBeganAnew():
    """It is not taken for less than nothing."""
    history = History()
    history.add(seen(10.0, 500))
    history.add(seen(11.0, 3))
    assert history.series(["leaf"])["pools"]["leaf"]["requests"] == [0.0]


def test_timeThatStandsStillMakesNoPoint():
    """Two looks at one moment have no rate."""
    history = History()
    history.add(seen(10.0, 1))
    history.add(seen(10.0, 2))
    assert history.series(["leaf"])["times"] == []


def test_onlyWhatIsLaterIsTold():
    """Of the points after a moment, and none of that moment."""
    history = History()
    for second in range(5):
        history.add(seen(10.0 + second, second))
    assert history.series(["leaf"], 12)["times"] == [13.0, 14.0]
    assert len(history.series(["leaf"], 12)["pools"]["leaf"]["clients"]) == 2


def test_theOldestAreForgotten():
    """No more than so many are kept."""
    history = History()
    for second in range(LENGTH + 20):
        history.add(seen(float(second), second))
    times = history.series(["leaf"])["times"]
    assert (len(times), times[-1]) == (LENGTH, LENGTH + 19.0)


def test_aPoolThatWasNotThereHasNulls():
    """Its lists are as long as those of the others."""
    history = History()
    history.add(seen(10.0, 1))
    history.add(seen(11.0, 1))
    assert history.series(["new"])["pools"]["new"]["requests"] == [None]
