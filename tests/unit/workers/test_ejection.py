"""A distributor that tells others of its ejections, and learns of theirs."""

from __future__ import annotations

from tests.unit.pools import ask

RETRY = 30_000


def started(machine, **settings):
    """A pool of two servers that ejects at the first failure, and what it tells."""
    machine.serve("one", "two")
    pool = machine.start(
        auto_eject_hosts=True, server_failure_limit=1, server_retry_timeout=RETRY, **settings
    )
    told = []
    pool.distributor.tell = lambda server, live: told.append((server.config.name, live))
    return pool, told


def test_ejectionAndReturnAreTold(machine):
    """Whoever ejects a server says so, and so does whoever finds it well."""
    _, told = started(machine)
    key = machine.key("one")
    machine.servers["one"].kill()
    ask(machine.client(), b"get " + key + b"\r\n")
    assert told == [("one", False)]
    machine.servers["one"].start()
    machine.network.elapse(RETRY / 1000)
    assert told == [("one", False), ("one", True)]


def test_ejectionElsewhereIsFollowedButNotCounted(machine):
    """A server that another process has ejected gets no keys, and is no ejection of this one."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", 30.0)
    assert pool.distributor.locate(key).config.name == "two"
    assert (pool.distributor.counters.server_ejects, told) == (0, [])


def test_returnElsewhereIsFollowed(machine):
    """A server that another process has found well gets its keys back, without a question."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", 30.0)
    pool.distributor.learn("one", None)
    assert pool.distributor.locate(key).config.name == "one"
    assert told == []


def test_ejectionElsewhereEndsHereToo(machine):
    """When the others say nothing more, the server is asked when its time is over."""
    pool, told = started(machine)
    key = machine.key("one")
    pool.distributor.learn("one", 5.0)
    machine.network.elapse(5.0)
    assert told == [("one", True)]
    assert pool.distributor.locate(key).config.name == "one"
