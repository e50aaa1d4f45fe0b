"""Who should let the others take the next client."""

from __future__ import annotations

import pytest

from nuttwist.workers.tally import LEAD, OwnTally, Tally


@pytest.fixture
def tally():
    """A tally of two pools and three workers, of whom nobody is there."""
    made = OwnTally(2, 3)
    yield made
    made.close()


def test_whoeverIsAloneIsNotAhead(tally):
    """A worker without others takes every client."""
    assert not tally.isAhead(0, 1, 10_000)


def test_aheadByMoreThanTheLead(tally):
    """A worker may have a few more than the one with the fewest, and no more."""
    tally.put(0, 0, 0)
    tally.put(0, 2, 100)
    assert [tally.isAhead(0, 1, clients) for clients in (LEAD, LEAD + 1)] == [False, True]


def test_manyMayDifferByMore(tally):
    """With many clients each, a part of them is no difference."""
    tally.put(0, 0, 800)
    assert [tally.isAhead(0, 1, clients) for clients in (902, 903)] == [False, True]


def test_poolsAreApart(tally):
    """The clients of one pool say nothing of another's."""
    tally.put(0, 0, 0)
    tally.put(1, 0, 50)
    assert [tally.isAhead(pool, 1, 40) for pool in (0, 1)] == [True, False]


def test_whoeverLeavesDoesNotCount(tally):
    """Nobody waits for a worker that is not there."""
    for pool in (0, 1):
        tally.put(pool, 0, 0)
    tally.leave(0)
    assert [tally.isAhead(pool, 1, 40) for pool in (0, 1)] == [False, False]


def test_allSeeTheSame(tally):
    """What one writes the others read, through the descriptor that they have inherited."""
    other = Tally(tally.descriptor, 2, 3)
    assert not other.isAhead(1, 2, 7)
    tally.put(1, 0, 0)
    assert other.isAhead(1, 2, 7)
    other.close()
