"""What a worker has from its parent, and what it gives up."""

from __future__ import annotations

import os

import pytest

from nuttwist.workers.inheritance import Inheritance
from nuttwist.workers.tally import OwnTally


@pytest.fixture
def pipes():
    """Give descriptors that are nothing but open."""
    made = [end for _ in range(3) for end in os.pipe()]
    yield made
    for each in made:
        if isOpen(each):
            os.close(each)


def isOpen(descriptor):
    """Whether it can be used."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def tallyOf(pools):
    """The tally of two workers, and a descriptor of it as the second has it."""
    own = OwnTally(pools, 2)
    return own, os.dup(own.descriptor)


def test_whatIsReplacedOrGoneIsClosed(pipes):
    """Only when the new listeners are in use are the old ones closed; the others stay open."""
    stays, moves, goes, moved, added, _ = pipes
    inheritance = Inheritance(1, 2, lambda _: 0)
    first, there = tallyOf(3)
    inheritance.take(
        ["stays", "moves", "goes"], there, {"stays": stays, "moves": moves, "goes": goes}
    )
    second, thereToo = tallyOf(3)
    fresh = inheritance.take(
        ["added", "stays", "moves"], thereToo, {"added": added, "moves": moved}
    )
    assert {name: each.descriptor for name, each in fresh.items()} == {
        "added": added,
        "moves": moved,
    }
    assert not isOpen(there)
    assert all(map(isOpen, pipes))
    inheritance.drop()
    assert [isOpen(each) for each in pipes] == [True, False, False, True, True, True]
    first.close()
    second.close()


def test_whatHasNoSocketIsToldEachTime(pipes):
    """A pool without a listener at the moment is one to which nobody comes, until it has one."""
    inheritance = Inheritance(1, 2, lambda _: 0)
    pools = ["lost", "bound"]
    for listeners, expected in (
        ({"bound": pipes[0]}, {"lost": None, "bound": pipes[0]}),
        ({}, {"lost": None}),
        ({"lost": pipes[1]}, {"lost": pipes[1]}),
        ({}, {}),
    ):
        tally, there = tallyOf(2)
        inherited = inheritance.take(pools, there, listeners)
        assert {name: each.descriptor for name, each in inherited.items()} == expected
        tally.close()


def test_thoseOfBeforeLookAtTheNewTally(pipes):
    """A listener that stays goes by the tally of now, in which its pool has another row."""
    clients = {"one": 0, "two": 9}
    inheritance = Inheritance(1, 2, lambda name: clients[name])
    first, there = tallyOf(1)
    first.put(0, 0, 0)
    inherited = inheritance.take(["two"], there, {"two": pipes[0]})
    assert inherited["two"].isAhead()
    second, thereToo = tallyOf(2)
    inheritance.take(["one", "two"], thereToo, {"one": pipes[1]})
    second.put(1, 0, 9)
    assert not inherited["two"].isAhead()
    second.put(1, 0, 0)
    assert inherited["two"].isAhead()
    first.close()
    second.close()


def test_whoIsGoneLetsNobodyWait(pipes):
    """A listener of a pool that is no more is ahead of nobody."""
    inheritance = Inheritance(0, 2, lambda _: 9)
    first, there = tallyOf(1)
    inherited = inheritance.take(["gone"], there, {"gone": pipes[0]})
    second, thereToo = tallyOf(0)
    assert inheritance.take([], thereToo, {}) == {}
    assert not inherited["gone"].isAhead()
    first.close()
    second.close()
