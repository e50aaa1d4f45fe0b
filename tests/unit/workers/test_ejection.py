"""A distributor that tells others of its ejections, and learns of theirs."""

from __future__ import annotations

import pytest

from nuttwist.distributor.standing import BY_HAND
from nuttwist.ring.ledger import Back, Out
from tests.unit.pools import ask

RETRY = 30_000
OUT = Out(30.0, "Connection refused")


def started(machine, **settings):
    """A pool of two servers that ejects at the first failure, and what it tells."""
    machine.serve("one", "two")
    pool = machine.start(
        auto_eject_hosts=True, server_failure_limit=1, server_retry_timeout=RETRY, **settings
    )
    told = []
    pool.distributor.standing.tell = lambda *news: told.append(news)
    return pool, told


def test_ejectionAndReturnAreTold(machine):
    """Whoever ejects a server says so, and so does whoever finds it well."""
    _, told = started(machine)
    key = machine.key("one")
    machine.servers["one"].kill()
    ask(machine.client(), b"get " + key + b"\r\n")
    ejected = ("one", Out(30.0, "Connection refused"))
    assert told == [ejected]
    machine.servers["one"].start()
    machine.network.elapse(RETRY / 1000)
    assert told == [ejected, ("one", Back())]


def test_whatIsDoneByHandIsTold(machine):
    """The other processes hear that a person has ejected a server or let it in."""
    pool, told = started(machine)
    pool.distributor.eject("one")
    pool.distributor.eject("two", 60.0)
    pool.distributor.readmit("two")
    pool.distributor.readmit("two")
    assert told == [
        ("one", Out(None, BY_HAND, byHand=True)),
        ("two", Out(60.0, BY_HAND, byHand=True)),
        ("two", Back(byHand=True)),
    ]


def test_ejectionElsewhereIsFollowedButNotCounted(machine):
    """A server that another process has ejected gets no keys, and is no ejection of this one."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", OUT)
    assert pool.distributor.locate(key).config.name == "two"
    assert (pool.distributor.counters.server_ejects, told) == (0, [])
    assert pool.distributor.standing.whys == {"one": "Connection refused"}


def test_returnElsewhereIsFollowed(machine):
    """A server that another process has found well gets its keys back, without a question."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", OUT)
    pool.distributor.learn("one", Back())
    assert pool.distributor.locate(key).config.name == "one"
    assert told == []
    assert pool.distributor.standing.whys == {}


def test_ejectionElsewhereEndsHereToo(machine):
    """When the others say nothing more, the server is asked when its time is over."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", Out(5.0, "Connection refused"))
    machine.network.elapse(5.0)
    assert told == [("one", Back())]
    assert pool.distributor.locate(key).config.name == "one"


def test_whoIsOutHereKeepsItsOwnTime(machine):
    """News of a server that is out already does not begin its time anew."""
    pool, _ = started(machine)
    pool.distributor.learn("one", Out(5.0, "Connection refused"))
    pool.distributor.learn("one", Out(500.0, "Connection refused"))
    assert pool.distributor.ledger.until("one") == 5.0


@pytest.mark.parametrize("news", [Back(), Out(1.0, "Connection refused")])
def test_whatIsEjectedByHandElsewhereStaysSo(machine, news):
    """Neither an ejection over failures nor a server found well changes what a person has said."""
    pool, told = started(machine)
    pool.distributor.learn("one", Out(None, BY_HAND, byHand=True))
    pool.distributor.learn("one", news)
    machine.network.elapse(3600)
    assert not pool.distributor.ledger.isLive("one")
    pool.distributor.learn("one", Back(byHand=True))
    assert pool.distributor.ledger.isLive("one")
    assert told == []


def test_newsOfAServerThatIsNotKnownIsIgnored(machine):
    """Another process may have read another file for a moment."""
    pool, told = started(machine)
    pool.distributor.learn("three", OUT)
    pool.distributor.learn("three", Back())
    assert (pool.distributor.standing.whys, told) == ({}, [])
