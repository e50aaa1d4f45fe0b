"""
Conversations recorded with the proxy this one replaces: the same bytes, or a listed reason why not.

A required case differs only if it is named here as well as listed. With C{on_unsupported: close}
the hangups are the same too, but for commands that are supported now. The lists hold for all
recorded redis cases; those that need a real server are played with processes.
"""

from __future__ import annotations

import pytest

from tests.rig.cases import kindOf, load, loadReasons, whyNot, withPoolKey
from tests.rig.player import play

CLOSE = "on_unsupported: close"

#: Required cases that differ for the sake of whoever asks.
BETTER = {
    "redis-auth-quit-allowed",
    "redis-eject",
    "redis-eval-routing",
    "redis-store-routing",
    "redis-transient-eject-busy",
    "redis-transient-eject-oom",
}

STAND_IN = {"type": "fake", "proto": "redis", "mode": "ident"}


def withStandIns(case):
    """The same case where the recorded proxy asked no server, so that any server will do."""
    if kindOf(case) != "hangup" and case["name"] != "redis-auth-quit-allowed":
        return case
    return {**case, "backends": [STAND_IN for _ in case["backends"]]}


CASES = {case["name"]: withStandIns(case) for case in load(["redis-*.json"])}
PLAYED = {name: case for name, case in CASES.items() if whyNot(case) is None}
REQUIRED = {name for name, case in CASES.items() if kindOf(case) == "required"}
HANGUPS = {name for name, case in CASES.items() if kindOf(case) == "hangup"}

DIFFERENCES = loadReasons("transcript-differences-redis.txt")
DIFFERENCES_CLOSE = loadReasons("transcript-differences-redis-close.txt")


def judge(name, differences, reasons):
    """Hold a case to be the same, or to be different and listed."""
    if name in reasons:
        assert differences, f"{name} is listed as different, but it is the same"
    else:
        assert not differences, "\n".join((name, *differences))


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_caseIsTheSameOrListed(name):
    """A case is the same, byte by byte and within its times, or differs for a listed reason."""
    judge(name, play(CASES[name]), DIFFERENCES)


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_caseIsTheSameFromAClientThatDribbles(name):
    """It is no other when the client's bytes come one at a time."""
    judge(name, play(CASES[name], splitClient=True), DIFFERENCES)


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_caseIsTheSameFromAWireThatDribbles(name):
    """It is no other when servers' bytes too come one at a time."""
    judge(name, play(CASES[name], splitAll=True), DIFFERENCES)


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_caseWithHangupsRestored(name):
    """With on_unsupported: close hangups are the same, and the other cases as without it."""
    judge(name, play(withPoolKey(CASES[name], CLOSE)), DIFFERENCES_CLOSE)


def test_noOtherRequiredCaseIsListed():
    """The required cases in the lists are exactly those that are meant to differ."""
    assert DIFFERENCES.keys() <= CASES.keys()
    assert DIFFERENCES.keys() & REQUIRED == BETTER
    assert DIFFERENCES_CLOSE.keys() & REQUIRED == BETTER


def test_hangupsAreRestored():
    """What is listed with the key is listed without it, and many are no more."""
    assert DIFFERENCES_CLOSE.keys() <= DIFFERENCES.keys()
    assert len(DIFFERENCES_CLOSE.keys() & HANGUPS) < len(HANGUPS) / 2


def test_casesLeftOutHaveAReason():
    """What is not played in memory needs a process."""
    left = {whyNot(case) for name, case in CASES.items() if name not in PLAYED}
    assert left == {"a real redis server needs a process"}
    assert PLAYED.keys() >= HANGUPS
