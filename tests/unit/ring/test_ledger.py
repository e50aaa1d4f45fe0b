"""Tests of nuttwist.ring.ledger."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.ring.ledger import JITTER, EjectionLedger

NAMES = ("a", "b", "c", "d")


def ledgerOf(limit=2, retryAfter=30.0, retryMost=300.0, chance=lambda: 0.0):
    """A ledger with settings that only matter where a test names them."""
    return EjectionLedger(limit, retryAfter, retryMost, chance)


def outIn(ledger):
    """Who of the servers of these tests is out."""
    return [name for name in NAMES if not ledger.isLive(name)]


def test_everyoneIsLiveAtFirst():
    """A new ledger has no failures, nobody out and nothing to wait for."""
    ledger = ledgerOf()
    assert outIn(ledger) == []
    assert ledger.failures("a") == 0
    assert ledger.nextDeadline() is None
    assert ledger.until("a") is None
    assert ledger.due(1e9) == []


def test_failuresInARowEject():
    """The failure that reaches the limit ejects, until a retry time after it."""
    ledger = ledgerOf(limit=3)
    assert [ledger.failed("b", now) for now in (10.0, 11.0, 12.0)] == [False, False, True]
    assert outIn(ledger) == ["b"]
    assert ledger.failures("b") == 0
    assert ledger.nextDeadline() == ledger.until("b") == 42.0


def test_successForgetsFailures():
    """An answer between two failures keeps the server in."""
    ledger = ledgerOf(limit=2)
    ledger.failed("a", 1.0)
    ledger.succeeded("b")
    assert ledger.failures("a") == 1
    ledger.succeeded("a")
    assert ledger.failures("a") == 0
    assert not ledger.failed("a", 2.0)
    assert ledger.isLive("a")


def test_failuresOfOneServerAreNotAnothers():
    """Each server has a count of its own."""
    ledger = ledgerOf(limit=2)
    assert not ledger.failed("a", 1.0)
    assert not ledger.failed("b", 1.0)
    assert outIn(ledger) == []


@pytest.mark.parametrize("limit", [0, 1])
def test_limitOfNoneIsALimitOfOne(limit):
    """With a limit of 0 or 1 the first failure ejects."""
    assert ledgerOf(limit=limit).failed("a", 5.0)


@pytest.mark.parametrize(("now", "back"), [(29.999, []), (30.0, ["a"]), (31.0, ["a"])])
def test_serverIsDueWhenItsTimeIsOver(now, back):
    """A server is due at its deadline, to the moment, and out until it is let in."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    assert ledger.due(now) == back
    assert not ledger.isLive("a")


def test_returnedServerIsUnknownToTheLedger():
    """Who is back has a clean sheet: it takes the whole limit again to eject it."""
    ledger = ledgerOf(limit=2)
    ledger.failed("a", 0.0)
    ledger.failed("a", 0.0)
    ledger.readmit("a")
    assert ledger.isLive("a")
    assert ledger.nextDeadline() is None
    assert [ledger.failed("a", 31.0), ledger.failed("a", 32.0)] == [False, True]


def test_failuresOfAServerThatIsOutDoNotCount():
    """What breaks after the ejection neither prolongs it nor ejects again nor is remembered."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    assert not ledger.failed("a", 20.0)
    assert ledger.failures("a") == 0
    assert ledger.nextDeadline() == 30.0


def test_successDoesNotShortenTheTimeOut():
    """A late answer of a server that is out does not let it in."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    ledger.succeeded("a")
    assert not ledger.isLive("a")


def test_deadlineIsTheEarliestOfAll():
    """With several servers out, the next deadline is that of the one that is due first."""
    ledger = ledgerOf(limit=1)
    ledger.failed("c", 1.0)
    ledger.failed("a", 5.0)
    assert ledger.nextDeadline() == 31.0
    assert ledger.due(31.0) == ["c"]
    ledger.readmit("c")
    assert ledger.nextDeadline() == 35.0


def test_everyoneCanBeOut():
    """All servers may be out at once, and be due together, in the order of their times."""
    ledger = ledgerOf(limit=1)
    for now, server in enumerate(("c", "a", "b")):
        ledger.failed(server, float(now))
    assert outIn(ledger) == ["a", "b", "c"]
    assert ledger.due(32.0) == ["c", "a", "b"]


def test_ejectTakesAServerOutAtOnce():
    """A server can be taken out until a given moment without having failed."""
    ledger = ledgerOf()
    ledger.failed("b", 0.0)
    ledger.eject("b", 99.0)
    assert outIn(ledger) == ["b"]
    assert ledger.failures("b") == 0
    assert ledger.nextDeadline() == 99.0


def test_whoIsBeingTestedIsNotDue():
    """From the question to its answer a server has no deadline, and is out."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    ledger.asked("a")
    assert (ledger.due(1e9), ledger.nextDeadline(), outIn(ledger)) == ([], None, ["a"])


def test_eachFailedTestDoublesTheTimeOutUpToTheMost():
    """The first time out is the retry time to the moment; then it doubles until the cap."""
    ledger = ledgerOf(limit=1, retryAfter=30.0, retryMost=200.0)
    ledger.failed("a", 0.0)
    assert ledger.until("a") == 30.0
    assert [ledger.postpone("a", 1000.0) for _ in range(4)] == [60.0, 120.0, 200.0, 200.0]
    assert ledger.until("a") == 1200.0


def test_theMostIsNeverLessThanTheRetryTime():
    """A cap below the first time out does not shorten it."""
    ledger = ledgerOf(limit=1, retryAfter=30.0, retryMost=10.0)
    ledger.failed("a", 0.0)
    assert ledger.postpone("a", 30.0) == 30.0


def test_chanceTakesOffATenthAtMost():
    """Chance shortens repeated times out; what is doubled is the time without it."""
    ledger = ledgerOf(limit=1, retryAfter=10.0, chance=iter([0.5, 1.0, 0.0]).__next__)
    ledger.failed("a", 0.0)
    assert [ledger.postpone("a", 0.0) for _ in range(3)] == [19.0, 36.0, 80.0]


def test_whoIsBackBeginsWithTheFirstTimeOutAgain():
    """The doubling is forgotten when a server is let in."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    ledger.postpone("a", 30.0)
    ledger.readmit("a")
    ledger.failed("a", 100.0)
    assert ledger.until("a") == 130.0


def test_whatIsEjectedByHandStaysSo():
    """A server that a person has ejected has no deadline, and no other ejection changes that."""
    ledger = ledgerOf(limit=1)
    ledger.eject("a", None, byHand=True)
    ledger.eject("a", 5.0)
    assert not ledger.failed("a", 1.0)
    assert ledger.isByHand("a")
    assert (ledger.due(1e9), ledger.nextDeadline()) == ([], None)
    ledger.readmit("a")
    assert not ledger.isByHand("a")
    assert ledger.isLive("a")


def test_byHandOverrulesFailures():
    """A person ejects what is out already, and then it is not tested any more."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    assert not ledger.isByHand("a")
    ledger.eject("a", None, byHand=True)
    assert ledger.nextDeadline() is None


def test_byHandForATimeEndsWithATest():
    """When the time is over that a person has given, the server is as one that has failed."""
    ledger = ledgerOf()
    ledger.eject("a", 600.0, byHand=True)
    assert ledger.due(600.0) == ["a"]
    ledger.asked("a")
    assert not ledger.isByHand("a")


@given(events=st.lists(st.tuples(st.sampled_from("fsr"), st.sampled_from(NAMES), st.floats(0, 10))))
def test_ledgerAddsUpWhateverHappens(events):
    """Counts stay below the limit, and there is a deadline exactly when somebody is out."""
    ledger, now = ledgerOf(limit=2, retryAfter=5.0), 0.0
    for what, server, later in events:
        now += later
        was = ledger.isLive(server)
        happened = {
            "f": lambda server=server, now=now: ledger.failed(server, now),
            "s": lambda server=server: ledger.succeeded(server),
            "r": lambda now=now: [ledger.readmit(each) for each in ledger.due(now)],
        }[what]()
        assert (was and not ledger.isLive(server)) == (happened is True)
        assert all(0 <= ledger.failures(each) < 2 for each in NAMES)
        assert (ledger.nextDeadline() is None) == (outIn(ledger) == [])


@given(
    first=st.floats(0.001, 1e5),
    most=st.floats(0.001, 1e5),
    chances=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=64),
)
def test_timesOutGrowToTheCapWhateverChanceSays(first, most, chances):
    """Each time out is twice the last one or the cap, less a tenth at most."""
    cap = max(first, most)
    ledger = ledgerOf(1, first, most, chance=iter(chances).__next__)
    ledger.failed("a", 0.0)
    for number in range(1, len(chances) + 1):
        whole = min(first * 2.0**number, cap)
        seconds = ledger.postpone("a", 7.0)
        assert whole * (1 - JITTER) <= seconds <= whole
        assert ledger.until("a") == 7.0 + seconds


@pytest.mark.parametrize(
    ("retryAfter", "retryMost", "until"),
    [(30.0, 240.0, 130.0), (60.0, 300.0, 130.0), (10.0, 240.0, 70.0), (30.0, 50.0, 110.0)],
)
def test_shorterTermsHoldForWhoIsOut(retryAfter, retryMost, until):
    """A server that is out is due no later than with the new terms from now on; no sooner else."""
    ledger = ledgerOf(limit=1)
    ledger.failed("a", 0.0)
    ledger.eject("hand", 500.0, byHand=True)
    ledger.eject("never", None)
    ledger.postpone("a", 10.0)
    ledger.postpone("a", 10.0)
    ledger.change(2, retryAfter, retryMost, 60.0)
    assert (ledger.until("a"), ledger.until("hand"), ledger.until("never")) == (until, 500.0, None)
    assert not ledger.failed("b", 60.0)
    ledger.asked("a")
    assert ledger.postpone("a", 200.0) == {130.0: 240.0, 70.0: 20.0, 110.0: 50.0}[until]
