"""Tests of nuttwist.ring.ledger."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.ring.ledger import EjectionLedger


def ledgerOf(servers=3, limit=2, retryAfter=30.0):
    """A ledger with settings that only matter where a test names them."""
    return EjectionLedger(servers, limit, retryAfter)


def test_everyoneIsLiveAtFirst():
    """A new ledger has no failures, nobody out and nothing to wait for."""
    ledger = ledgerOf()
    assert ledger.live() == [0, 1, 2]
    assert [ledger.failures(server) for server in range(3)] == [0, 0, 0]
    assert ledger.nextDeadline() is None
    assert ledger.due(1e9) == []


def test_failuresInARowEject():
    """The failure that reaches the limit ejects, until a retry time after it."""
    ledger = ledgerOf(limit=3)
    assert [ledger.failed(1, now) for now in (10.0, 11.0, 12.0)] == [False, False, True]
    assert ledger.live() == [0, 2]
    assert not ledger.isLive(1)
    assert ledger.failures(1) == 0
    assert ledger.nextDeadline() == 42.0


def test_successForgetsFailures():
    """An answer between two failures keeps the server in."""
    ledger = ledgerOf(limit=2)
    ledger.failed(0, 1.0)
    ledger.succeeded(0)
    assert ledger.failures(0) == 0
    assert not ledger.failed(0, 2.0)
    assert ledger.failures(0) == 1
    assert ledger.isLive(0)


def test_failuresOfOneServerAreNotAnothers():
    """Each server has a count of its own."""
    ledger = ledgerOf(limit=2)
    assert not ledger.failed(0, 1.0)
    assert not ledger.failed(1, 1.0)
    assert ledger.live() == [0, 1, 2]


@pytest.mark.parametrize("limit", [0, 1])
def test_limitOfNoneIsALimitOfOne(limit):
    """With a limit of 0 or 1 the first failure ejects."""
    assert ledgerOf(limit=limit).failed(2, 5.0)


@pytest.mark.parametrize(("now", "back"), [(29.999, []), (30.0, [0]), (31.0, [0])])
def test_serverIsDueWhenItsTimeIsOver(now, back):
    """A server is due at its deadline, to the moment, and out until it is let in."""
    ledger = ledgerOf(limit=1)
    ledger.failed(0, 0.0)
    assert ledger.due(now) == back
    assert not ledger.isLive(0)


def test_returnedServerIsUnknownToTheLedger():
    """Who is back has a clean sheet: it takes the whole limit again to eject it."""
    ledger = ledgerOf(limit=2)
    ledger.failed(0, 0.0)
    ledger.failed(0, 0.0)
    ledger.readmit(0)
    assert ledger.isLive(0)
    assert ledger.nextDeadline() is None
    assert [ledger.failed(0, 31.0), ledger.failed(0, 32.0)] == [False, True]


def test_failuresOfAServerThatIsOutDoNotCount():
    """What breaks after the ejection neither prolongs it nor ejects again nor is remembered."""
    ledger = ledgerOf(limit=1)
    ledger.failed(0, 0.0)
    assert not ledger.failed(0, 20.0)
    assert ledger.failures(0) == 0
    assert ledger.nextDeadline() == 30.0


def test_successDoesNotShortenTheTimeOut():
    """A late answer of a server that is out does not let it in."""
    ledger = ledgerOf(limit=1)
    ledger.failed(0, 0.0)
    ledger.succeeded(0)
    assert not ledger.isLive(0)


def test_deadlineIsTheEarliestOfAll():
    """With several servers out, the next deadline is that of the one that returns first."""
    ledger = ledgerOf(limit=1)
    ledger.failed(2, 1.0)
    ledger.failed(0, 5.0)
    assert ledger.nextDeadline() == 31.0
    assert ledger.due(31.0) == [2]
    ledger.readmit(2)
    assert ledger.nextDeadline() == 35.0


def test_everyoneCanBeOut():
    """All servers may be out at once, and be due together, in order."""
    ledger = ledgerOf(limit=1)
    for server in (2, 0, 1):
        ledger.failed(server, 0.0)
    assert ledger.live() == []
    assert ledger.due(30.0) == [0, 1, 2]


def test_ejectTakesAServerOutAtOnce():
    """A server can be taken out until a given moment without having failed."""
    ledger = ledgerOf()
    ledger.failed(1, 0.0)
    ledger.eject(1, 99.0)
    assert ledger.live() == [0, 2]
    assert ledger.failures(1) == 0
    assert ledger.nextDeadline() == 99.0


@given(events=st.lists(st.tuples(st.sampled_from("fsr"), st.integers(0, 3), st.floats(0, 10))))
def test_ledgerAddsUpWhateverHappens(events):
    """Counts stay below the limit, and there is a deadline exactly when somebody is out."""
    ledger, now = ledgerOf(servers=4, limit=2, retryAfter=5.0), 0.0
    for what, server, later in events:
        now += later
        was = ledger.isLive(server)
        happened = {
            "f": lambda server=server, now=now: ledger.failed(server, now),
            "s": lambda server=server: ledger.succeeded(server),
            "r": lambda now=now: [ledger.readmit(each) for each in ledger.due(now)],
        }[what]()
        assert (was and not ledger.isLive(server)) == (happened is True)
        assert all(0 <= ledger.failures(each) < 2 for each in range(4))
        assert (ledger.nextDeadline() is None) == (len(ledger.live()) == 4)
