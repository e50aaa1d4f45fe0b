"""Tests of nuttwist.ring.survey."""

from __future__ import annotations

from collections import Counter

import pytest

from nuttwist.ring.distributions import Ketama, RingServer
from nuttwist.ring.ring import Ring
from nuttwist.ring.survey import CIRCLE, Survey, arcs
from tests.unit.ring.vectors import KEYS, LAYOUTS, serversOf, tagOf

THREE = [RingServer(b"a", 1), RingServer(b"b", 1), RingServer(b"c", 2)]


def surveyOf(servers=THREE, distribution="ketama", tag=None):
    """A survey with the default hash."""
    return Survey(servers, "fnv1a_64", distribution, tag)


@pytest.mark.parametrize("distribution", ["ketama", "modula"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_aKeysServerIsTheRings(name, distribution):
    """For every recorded pool the first server of the way is the one that requests go to."""
    servers, tag = serversOf(LAYOUTS[name]), tagOf(LAYOUTS[name])
    survey = Survey(servers, "murmur", distribution, tag)
    ring = Ring(servers, "murmur", distribution, tag)
    pick = survey.picker()
    assert [pick(each) for each in survey.hashes(KEYS)] == [ring.locate(key) for key in KEYS]
    assert [survey.way(key, 0).server for key in KEYS[:20]] == [
        ring.locate(key) for key in KEYS[:20]
    ]


@pytest.mark.parametrize("distribution", ["ketama", "modula"])
def test_heirsAreWhoTheRingWouldTake(distribution):
    """Each heir is where the key goes once those before it are ejected."""
    survey = surveyOf(distribution=distribution)
    ring = Ring(THREE, "fnv1a_64", distribution, None)
    for key in KEYS[:50]:
        way = survey.way(key, 5)
        order = [way.server, *way.heirs]
        assert sorted(order) == [0, 1, 2]
        for out in (1, 2):
            ring.rebuild([each for each in range(3) if each not in order[:out]])
            assert ring.locate(key) == order[out]


def test_heirsAreAsManyAsAskedFor():
    """No more servers are told than wanted."""
    assert [len(surveyOf().way(b"k", most).heirs) for most in (0, 1, 2, 3)] == [0, 1, 2, 2]


def test_tagIsTheHashedPart():
    """Keys with a common tag go one way, and the way says what was hashed."""
    survey = surveyOf(tag=b"{}")
    first, second = (survey.way(key, 1) for key in (b"user:{42}:name", b"{42}"))
    assert (first.hashed, first) == (b"42", second)
    assert survey.way(b"plain", 0).hashed == b"plain"


def test_pointIsTheNextOneOnTheCircle():
    """The point is the first at or past the hash, and past the last one the first of all."""
    ring = Ketama(THREE, range(3))
    survey = surveyOf()
    assert survey.pointOf(ring.values[7]) == ring.values[7]
    assert survey.pointOf(ring.values[7] + 1) == ring.values[8]
    assert survey.pointOf(CIRCLE - 1) == ring.values[0]
    assert surveyOf(distribution="modula").way(b"k", 0).point is None


def test_emptyKeyCountsAsZero():
    """As in a ring, the empty key is not hashed."""
    assert surveyOf().hashes([b"", b"a"])[0] == 0
    assert surveyOf(tag=b"{}").hashes([b""]) == [0]


def test_oneServerNeedsNoHash():
    """A pool of one server has nothing to tell but that server."""
    survey = surveyOf(THREE[:1], tag=b"{}")
    way = survey.way(b"{a}b", 3)
    assert (way.hashed, way.hash, way.point, way.server, way.heirs) == (b"a", None, None, 0, ())
    assert (survey.picker()(5), survey.shares(), survey.points()) == (0, [1.0], None)
    assert survey.arcs() == []
    assert not survey.isByChance


def test_chanceHasNoServer():
    """With distribution random a key has a hash and no server of its own."""
    survey = surveyOf(distribution="random")
    way = survey.way(b"a", 2)
    assert survey.isByChance
    assert (way.server, way.heirs, way.point) == (None, (), None)
    assert survey.shares() == [0.25, 0.25, 0.5]


def test_arcsCoverTheCircleOnce():
    """Every position belongs to one arc, whose owner is the server that it is routed to."""
    survey = surveyOf()
    found = survey.arcs()
    assert sum(width for *_, width in found) == CIRCLE
    pick = survey.picker()
    for owner, begin, width in found:
        if width:
            assert pick(begin) == owner
            assert pick((begin + width - 1) % CIRCLE) == owner
    assert [begin for _, begin, _ in found[1:]] == [
        (begin + width) % CIRCLE for _, begin, width in found[:-1]
    ]


def test_equalPointsAreOneArc():
    """Of two points at one position the first has all of it, as when requests are routed."""
    ring = Ketama(THREE[:2], range(2))
    ring.values, ring.owners = [10, 10, 20], [1, 0, 0]
    assert list(arcs(ring)) == [(1, 21, CIRCLE - 10), (0, 11, 0), (0, 11, 10)]
    assert ring.pick(5) == 1


def test_sharesAreThoseOfTheKeys():
    """Of many keys each server gets about its share, and the points are as ketama made them."""
    survey = surveyOf()
    keys = [b"key:%d:%d" % (number, number * 7919) for number in range(20000)]
    went = Counter(map(survey.picker(), survey.hashes(keys)))
    for index, share in enumerate(survey.shares()):
        assert went[index] / len(keys) == pytest.approx(share, abs=0.02)
    assert sum(survey.shares()) == pytest.approx(1)
    assert survey.points() == Ketama(THREE, range(3)).pointsPerServer


def test_modulaSharesAreTheWeights():
    """Without a circle the weights decide, and there are no points."""
    survey = surveyOf(distribution="modula")
    assert (survey.shares(), survey.points(), survey.arcs()) == ([0.25, 0.25, 0.5], None, [])
