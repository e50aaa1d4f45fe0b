"""Tests of nuttwist.ring.distributions."""

from __future__ import annotations

from collections import Counter
from hashlib import md5
from random import Random

import pytest
from hypothesis import given, strategies as st
from zope.interface.verify import verifyObject

from nuttwist.ring.distributions import (
    DISTRIBUTIONS,
    Chance,
    IPick,
    Ketama,
    Modula,
    RingServer,
    pointsFor,
)
from tests.unit.ring.vectors import LAYOUTS, serversOf

TOP = 2**32 - 1
COUNTED = [name for name, layout in LAYOUTS.items() if layout["ketama_points"]]
#: The numbers of equal servers, up to 200, at which rounding takes four points from each.
# fmt: off
SHORT_COUNTS = {
    25, 47, 50, 55, 61, 71, 94, 100, 107, 109, 110, 115, 122, 142, 159, 163, 188, 193, 200,
}
# fmt: on
weights = st.lists(st.integers(1, 50), min_size=1, max_size=6)
hashValues = st.integers(0, TOP)


def serversWeighing(*weightList):
    """Servers s0, s1, ... of these weights."""
    return [RingServer(b"s%d" % index, weight) for index, weight in enumerate(weightList)]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_everyDistributionIsAPick(name):
    """What the table builds keeps the promises of the interface."""
    assert verifyObject(IPick, DISTRIBUTIONS[name](serversWeighing(1, 2), [0, 1]))


@given(
    name=st.sampled_from(sorted(DISTRIBUTIONS)),
    data=st.data(),
    weightList=weights,
    hashValue=hashValues,
)
def test_onlyLiveServersArePicked(name, data, weightList, hashValue):
    """Whatever the weights and whoever is out, the pick is a live server's index."""
    indices = st.sampled_from(range(len(weightList)))
    live = sorted(data.draw(st.sets(indices, min_size=1)))
    assert DISTRIBUTIONS[name](serversWeighing(*weightList), live).pick(hashValue) in live


@pytest.mark.parametrize("name", COUNTED)
def test_recordedNumbersOfPointsAreReproduced(name):
    """Each server owns as many points as twemproxy gives it."""
    servers = serversOf(LAYOUTS[name])
    ketama = Ketama(servers, range(len(servers)))
    recorded = LAYOUTS[name]["ketama_points"]
    assert ketama.pointsPerServer == [recorded[server.name.decode()] for server in servers]


def test_equalServersOwn160PointsOr156():
    """Among 1 to 200 equal servers, single precision costs four points at certain numbers only."""
    points = {count: pointsFor(1, count, count) for count in range(1, 201)}
    assert {count for count in points if points[count] == 156} == SHORT_COUNTS
    assert set(points.values()) == {156, 160}


def test_muchLighterServerOwnsNoPoints():
    """Weights of 100000 to 1 leave the light server without any key."""
    assert Ketama(serversWeighing(100000, 1), [0, 1]).pointsPerServer == [316, 0]


def test_pointsOfADeadServerAreNotOnTheCircle():
    """A server that is out owns nothing, and the shares of the others are reckoned without it."""
    ketama = Ketama(serversWeighing(1, 1, 2), [0, 2])
    assert ketama.pointsPerServer == [104, 0, 212]
    assert Counter(ketama.owners) == {0: 104, 2: 212}


@given(weightList=weights)
def test_pointsAreSortedAndCounted(weightList):
    """Positions ascend, every one has an owner, and the counts by server are theirs."""
    ketama = Ketama(serversWeighing(*weightList), range(len(weightList)))
    counts = Counter(ketama.owners)
    assert ketama.values == sorted(ketama.values)
    assert len(ketama.values) == len(ketama.owners)
    assert ketama.pointsPerServer == [counts[index] for index in range(len(weightList))]


@given(hashValue=hashValues)
def test_ketamaTakesTheFirstPointNotBelowTheHash(hashValue):
    """The lookup is that of a search from the lowest point up, and past the last the first."""
    ketama = Ketama(serversWeighing(1, 3), [0, 1])
    points = zip(ketama.values, ketama.owners, strict=True)
    ahead = [owner for value, owner in points if value >= hashValue]
    assert ketama.pick(hashValue) == (ahead or ketama.owners)[0]


def test_ketamaAtThePointsThemselves():
    """A hash equal to a point is the point's; one more belongs to the next; the circle closes."""
    ketama = Ketama(serversWeighing(1, 1), [0, 1])
    assert [ketama.pick(value) for value in ketama.values] == ketama.owners
    assert [ketama.pick(value + 1) for value in ketama.values[:-1]] == ketama.owners[1:]
    assert ketama.pick(ketama.values[-1] + 1) == ketama.owners[0]
    assert ketama.pick(TOP) == ketama.owners[0]


def test_equalPointsBelongToTheFirstServer():
    """Where two servers' points coincide, the one that comes first in internal order answers."""
    twins = Ketama([RingServer(b"twin", 1), RingServer(b"twin", 1)], [0, 1])
    assert {twins.pick(value) for value in twins.values} == {0}


def test_pointsAreTheDigestOfNameAndNumber():
    """Four points come from one digest, little endian."""
    ketama = Ketama([RingServer(b"alpha", 1)], [0])
    digest = md5(b"alpha-39").digest()
    points = {int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8, 12)}
    assert points <= set(ketama.values)
    assert len(ketama.values) == 160


def test_textOfAPointIsCutAt272Bytes():
    """Names that differ only past byte 272 own the same points, and all groups coincide there."""
    long = Ketama([RingServer(b"n" * 272 + b"one", 1)], [0])
    other = Ketama([RingServer(b"n" * 272 + b"two", 1)], [0])
    assert long.values == other.values
    assert len(set(long.values)) == 4


@given(data=st.data())
def test_ketamaMovesOnlyTheKeysOfTheServerThatLeft(data):
    """Of four equal servers one leaves: whoever had another server still has it."""
    gone = data.draw(st.integers(0, 3))
    hashValue = data.draw(hashValues)
    servers = serversWeighing(1, 1, 1, 1)
    before = Ketama(servers, range(4)).pick(hashValue)
    after = Ketama(servers, [index for index in range(4) if index != gone]).pick(hashValue)
    assert before in (gone, after)


@given(weightList=weights, hashValue=hashValues)
def test_modulaIsTheRemainderOverServersRepeatedByWeight(weightList, hashValue):
    """Modula is an index into the list in which each server stands as often as it weighs."""
    servers = serversWeighing(*weightList)
    line = [index for index, weight in enumerate(weightList) for _ in range(weight)]
    pick = Modula(servers, range(len(servers))).pick(hashValue)
    assert pick == line[hashValue % len(line)]


def test_chanceFollowsTheWeights():
    """By weights of 1 to 9, the first gets about a tenth; one that is out gets nothing."""
    chance = Chance(serversWeighing(1, 9, 5), [0, 1], Random(7))
    picks = Counter(chance.pick(0) for _ in range(10_000))
    assert set(picks) == {0, 1}
    assert 900 < picks[0] < 1100


def test_chanceIsTheGeneratorsAlone():
    """The same generator state gives the same choices, and the hash does not matter."""
    servers = serversWeighing(1, 1, 1)
    one, other = (Chance(servers, range(3), Random(3)) for _ in range(2))
    assert [one.pick(5) for _ in range(50)] == [other.pick(value) for value in range(50)]
