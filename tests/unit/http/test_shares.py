"""Which part of all keys each server has."""

from __future__ import annotations

import pytest

from nuttwist.http.shares import SLOTS, members, sharesOf
from nuttwist.observed import EJECTED, Standing
from tests.unit.http.looks import poolLook


def test_theCircleIsSharedWithoutARest():
    """Shares add up, and the wheel has about as many slots of each server."""
    look = poolLook("a", "b", "c")
    shares = sharesOf(look.config, members(look))
    assert sum(shares.parts) == pytest.approx(1)
    assert shares.wheel is not None
    for at, part in enumerate(shares.parts):
        assert shares.wheel.count(at) / SLOTS == pytest.approx(part, abs=0.05)


def test_aServerThatIsOutHasNothing():
    """Its part is with the others."""
    look = poolLook("a", "b", seen={"standings": {"a": Standing(EJECTED)}})
    shares = sharesOf(look.config, members(look))
    assert shares.parts == (0.0, pytest.approx(1))
    assert set(shares.wheel or ()) == {1}


def test_aServerThatIsOutMayKeepItsKeys():
    """With on_failure: fail it stays in the ring."""
    standings = {"a": Standing(EJECTED)}
    look = poolLook("a", "b", seen={"standings": standings}, on_failure="fail")
    assert members(look) == (0, 1)


def test_withNobodyLiveNobodyHasAnything():
    """The wheel is empty."""
    look = poolLook("a", "b")
    shares = sharesOf(look.config, ())
    assert (shares.parts, shares.points) == ((0.0, 0.0), (0, 0))
    assert set(shares.wheel or ()) == {None}


@pytest.mark.parametrize("distribution", ["modula", "random"])
def test_withoutACircleWeightsDecide(distribution):
    """There are no points and no wheel."""
    look = poolLook("a", "b", "c", "d", distribution=distribution)
    shares = sharesOf(look.config, (0, 1))
    assert shares.parts == (0.5, 0.5, 0.0, 0.0)
    assert (shares.points, shares.wheel) == (None, None)


def test_oneServerHasAll():
    """It needs no circle."""
    assert sharesOf(poolLook("a").config, (0,)).parts == (1.0,)
