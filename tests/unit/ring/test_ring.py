"""Tests of nuttwist.ring.ring."""

from __future__ import annotations

from random import Random

import pytest

from nuttwist.ring.distributions import DISTRIBUTIONS, RingServer
from nuttwist.ring.hashes import HASHES
from nuttwist.ring.ring import Ring
from tests.unit.ring.vectors import KEYS, LAYOUTS, liveOf, serversOf, tagOf

THREE = [RingServer(b"a", 1), RingServer(b"b", 1), RingServer(b"c", 1)]


def ringOf(servers=THREE, hashName="fnv1a_64", distribution="ketama", tag=None, random=None):
    """A ring with settings that only matter where a test names them."""
    return Ring(servers, hashName, distribution, tag, random)


@pytest.mark.parametrize("distribution", ["ketama", "modula"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_everyRecordedRouteIsReproduced(name, distribution):
    """By every hash function, each recorded key goes to the server that twemproxy sends it to."""
    layout = LAYOUTS[name]
    servers = serversOf(layout)
    names = [entry.encode("latin-1") for entry in layout["names"]]
    routes = layout["routes"][distribution]
    assert set(routes) == set(HASHES)
    for hashName, route in routes.items():
        ring = Ring(servers, hashName, distribution, tagOf(layout))
        ring.rebuild(liveOf(layout))
        went = [servers[ring.locate(key)].name for key in KEYS]
        assert went == [names[index] for index in route], hashName


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_singleServerGetsEverything(distribution):
    """A pool with one server is never hashed for, and can be cached whatever it is called."""
    ring = ringOf(THREE[:1], distribution=distribution, tag=b"{}")
    assert {ring.locate(key) for key in KEYS} == {0}
    assert ring.cacheable


def test_singleServerThatIsOutGetsNothing():
    """Being alone does not keep a dead server in."""
    ring = ringOf(THREE[:1])
    ring.rebuild([])
    assert ring.locate(b"key") is None
    ring.rebuild([0])
    assert ring.locate(b"key") == 0


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_nobodyLiveIsNone(distribution):
    """Without live servers no key has one, until a server is back."""
    ring = ringOf(distribution=distribution)
    ring.rebuild([])
    assert ring.locate(b"key") is None
    ring.rebuild([2])
    assert ring.locate(b"key") == 2


def test_indicesStayThoseOfTheFullList():
    """Rebuilding for some servers in any order keeps their numbers."""
    ring = ringOf(distribution="modula", hashName="crc32a")
    ring.rebuild([2, 1])
    other = ringOf(distribution="modula", hashName="crc32a")
    other.rebuild([1, 2])
    where = [ring.locate(key) for key in KEYS]
    assert set(where) == {1, 2}
    assert where == [other.locate(key) for key in KEYS]


def test_callersListMayChange():
    """A ring goes by what it was given, not by what becomes of the caller's list."""
    servers = list(THREE)
    ring = ringOf(servers)
    before = [ring.locate(key) for key in KEYS]
    servers.clear()
    ring.rebuild([0, 1, 2])
    assert [ring.locate(key) for key in KEYS] == before


@pytest.mark.parametrize("hashName", HASHES)
@pytest.mark.parametrize("tag", [None, b"{}"])
def test_emptyKeyCountsAsZero(hashName, tag):
    """An empty key is not hashed, by no function, with a tag or without."""
    assert ringOf(hashName=hashName, tag=tag).hashOf(b"") == 0


def test_tagIsAppliedBeforeTheHash():
    """With a tag, the marked part alone is hashed; without one, the whole key is."""
    fnv = HASHES["fnv1a_64"]
    assert ringOf(tag=b"{}").hashOf(b"x{42}y") == fnv(b"42")
    assert ringOf().hashOf(b"x{42}y") == fnv(b"x{42}y")


@pytest.mark.parametrize(
    ("distribution", "cacheable"), [("ketama", True), ("modula", True), ("random", False)]
)
def test_onlyRandomRoutesCannotBeKept(distribution, cacheable):
    """Among several servers, a key keeps its server by ketama and modula, not at random."""
    assert ringOf(distribution=distribution).cacheable is cacheable


def test_randomRingUsesTheGeneratorItIsGiven():
    """Two rings with generators in the same state choose alike, through a rebuild as well."""
    rings = [ringOf(distribution="random", random=Random(5)) for _ in range(2)]
    first = [[ring.locate(b"key") for _ in range(30)] for ring in rings]
    for ring in rings:
        ring.rebuild([0, 2])
    second = [[ring.locate(b"key") for _ in range(30)] for ring in rings]
    assert first[0] == first[1]
    assert second[0] == second[1]
    assert set(first[0]) == {0, 1, 2}
    assert set(second[0]) == {0, 2}


def test_unknownHashIsRefused():
    """The error names the setting, the value seen and every name allowed."""
    with pytest.raises(ValueError, match="hashName must be") as caught:
        ringOf(hashName="sha1")
    assert str(caught.value) == f"hashName must be one of {', '.join(HASHES)}, not 'sha1'"


def test_unknownDistributionIsRefused():
    """The error names the setting, the value seen and every name allowed."""
    with pytest.raises(ValueError, match="distributionName must be") as caught:
        ringOf(distribution="Ketama")
    allowed = "distributionName must be one of ketama, modula, random, not 'Ketama'"
    assert str(caught.value) == allowed


@pytest.mark.parametrize("tag", [b"", b"{", b"{}}"])
def test_tagOfOtherThanTwoBytesIsRefused(tag):
    """The error names the setting, what it must be and the value seen."""
    with pytest.raises(ValueError, match="hashTag must be two bytes or None") as caught:
        ringOf(tag=tag)
    assert repr(tag) in str(caught.value)
