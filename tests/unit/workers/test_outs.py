"""The parent's one truth about who is ejected."""

from __future__ import annotations

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.workers.messages import Ejected, Readmitted
from nuttwist.workers.outs import Outs, isKnown

ONE = Ejected("alpha", "one", 30.0)
TWO = Ejected("alpha", "two", 5.0)
HAND = Ejected("alpha", "one", None, "ejected by hand", byHand=True)
BACK = Readmitted("alpha", "one")


def test_ejectionIsNewsOnce():
    """Two workers that find the same are one ejection."""
    outs = Outs()
    assert [outs.ejected(ONE, 0.0), outs.ejected(ONE, 0.1)] == [True, False]
    assert outs.ejections["alpha"] == 1


def test_returnIsNewsOnce():
    """The first who finds a server well tells the others, and the next ejection counts again."""
    outs = Outs()
    outs.ejected(ONE, 0.0)
    assert [outs.readmitted(BACK), outs.readmitted(BACK)] == [True, False]
    assert outs.ejected(ONE, 40.0)
    assert outs.ejections["alpha"] == 2


def test_poolsAreApart():
    """Servers of one name in two pools have nothing in common."""
    outs = Outs()
    assert [outs.ejected(ONE, 0.0), outs.ejected(Ejected("beta", "one", 1.0), 0.0)] == [True, True]
    assert dict(outs.ejections) == {"alpha": 1, "beta": 1}


def test_lateComerIsToldWhatIsLeft():
    """A new worker hears who is out and for how long, the soonest first, never less than 0."""
    outs = Outs()
    outs.ejected(ONE, 0.0)
    outs.ejected(TWO, 1.0)
    assert outs.now(10.0) == [Ejected("alpha", "two", 0.0), Ejected("alpha", "one", 20.0)]
    outs.readmitted(BACK)
    assert outs.now(10.0) == [Ejected("alpha", "two", 0.0)]


def test_byHandIsNewsThoughItIsOut():
    """A person ejects for good what is out for a time, and that is no ejection to be counted."""
    outs = Outs()
    outs.ejected(ONE, 0.0)
    assert outs.ejected(HAND, 1.0)
    assert outs.ejections["alpha"] == 1
    assert outs.now(1000.0) == [HAND]


def test_onlyByHandEndsWhatIsByHand():
    """A worker that finds well what a person has ejected has not heard of it yet."""
    outs = Outs()
    outs.ejected(HAND, 0.0)
    assert [outs.ejected(ONE, 1.0), outs.readmitted(BACK)] == [False, False]
    assert outs.readmitted(Readmitted("alpha", "one", byHand=True))
    assert outs.now(2.0) == []


def test_byHandForATimeEndsAsAnyOther():
    """When its time is over, a worker asks the server, and what it finds is so."""
    outs = Outs()
    outs.ejected(attrs.evolve(HAND, seconds=60.0), 0.0)
    outs.ejected(attrs.evolve(HAND, server="two"), 0.0)
    assert [each.seconds for each in outs.now(50.0)] == [10.0, None]
    assert outs.readmitted(BACK)


def test_whatIsGoneIsForgotten():
    """After a change only servers that go on are out, and only pools that go on have counts."""
    outs = Outs()
    gone = Ejected("beta", "one", 9.0)
    for each in (ONE, TWO, gone):
        outs.ejected(each, 0.0)
    outs.keep({"alpha"}, {("alpha", "two"), ("alpha", "three")})
    assert outs.now(0.0) == [TWO]
    assert dict(outs.ejections) == {"alpha": 2}


def test_onlyServersThatThereAreAreKnown():
    """A worker that has not heard of a change yet may speak of a server or a pool that is gone."""
    alpha = PoolConfig(
        name="alpha",
        listen=Listen(host="127.0.0.1"),
        servers=[ServerConfig(host="10.0.0.1", port=1, name="one")],
    )
    assert [isKnown(each, [alpha]) for each in (ONE, BACK, TWO)] == [True, True, False]
    assert not isKnown(Readmitted("beta", "one"), [alpha])
