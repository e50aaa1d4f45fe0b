"""
Conversations recorded with the proxy this one replaces: the same bytes, or a listed reason why not.

A required case has no excuse. A quirk or a hangup may differ if it is listed, and is taken off the
list when it does not. With C{on_unsupported: close} the hangups are the same too, but for commands
that are supported now.
"""

from __future__ import annotations

import pytest

from tests.rig.cases import kindOf, load, loadReasons, whyNot, withPoolKey
from tests.rig.player import play

CLOSE = "on_unsupported: close"

CASES = {case["name"]: case for case in load(["memcached-*.json", "stats.json"])}
PLAYED = {name: case for name, case in CASES.items() if whyNot(case) is None}
REQUIRED = {name for name, case in PLAYED.items() if kindOf(case) == "required"}
OTHERS = PLAYED.keys() - REQUIRED

DIFFERENCES = loadReasons("transcript-differences.txt")
DIFFERENCES_CLOSE = loadReasons("transcript-differences-close.txt")


def judge(name, differences, reasons):
    """Hold a case to be the same, or to be different and listed."""
    if name in reasons:
        assert differences, f"{name} is listed as different, but it is the same"
    else:
        assert not differences, "\n".join((name, *differences))


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_requiredCaseIsTheSame(name):
    """A required case is the same, byte by byte and within its times."""
    judge(name, play(CASES[name]), {})


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_requiredCaseIsTheSameFromAClientThatDribbles(name):
    """A required case is the same when the client's bytes come one at a time."""
    judge(name, play(CASES[name], splitClient=True), {})


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_requiredCaseIsTheSameFromAWireThatDribbles(name):
    """A required case is the same when servers' bytes too come one at a time."""
    judge(name, play(CASES[name], splitAll=True), {})


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_otherCaseIsTheSameOrListed(name):
    """A quirk or a hangup is the same, or differs for a reason that is listed."""
    judge(name, play(CASES[name]), DIFFERENCES)


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_caseWithHangupsRestored(name):
    """With on_unsupported: close hangups are the same, and the other cases as without it."""
    judge(name, play(withPoolKey(CASES[name], CLOSE)), DIFFERENCES_CLOSE)


def test_listedCasesExistAndAreNotRequired():
    """The lists name quirks and hangups that are played, and nothing else."""
    assert DIFFERENCES.keys() <= OTHERS
    assert DIFFERENCES_CLOSE.keys() <= DIFFERENCES.keys()


def test_casesLeftOutHaveAReason():
    """What is not played in memory needs a process, or was unstable when it was recorded."""
    assert {whyNot(case) for name, case in CASES.items() if name not in PLAYED} == {
        "its timing was not stable when it was recorded",
        "a real redis server needs a process",
    }
