"""pylibmc, which is libmemcached, through the proxy in text mode with its defaults."""

from __future__ import annotations

import pylibmc
import pytest

from tests.e2e.conftest import Pool

MANY = {f"key-{number}-{number * 7919}": number for number in range(50)}


def clientOf(pool: Pool, **behaviors: bool) -> pylibmc.Client:
    """A client that has the proxy for its only server."""
    return pylibmc.Client([pool.address], behaviors=behaviors or None)


@pytest.fixture
def client(pool: Pool) -> pylibmc.Client:
    """A client of a pool with default settings."""
    return clientOf(pool)


def test_manyKeysAreFoundAgain(client: pylibmc.Client) -> None:
    """What set_multi stores get_multi finds, and delete_multi takes away."""
    assert client.set_multi(MANY) == []
    assert client.get_multi([*MANY, "missing"]) == MANY
    assert client.delete_multi(list(MANY))
    assert client.get_multi(list(MANY)) == {}


def test_changesTellTheTruth(client: pylibmc.Client) -> None:
    """Each change answers as memcached does."""
    assert client.add("key", "1")
    assert not client.add("key", "2")
    assert not client.replace("missing", "2")
    assert client.append("key", "2")
    assert client.prepend("key", "0")
    assert client.get("key") == "012"
    assert client.touch("key", 60)
    assert client.delete("key")
    assert not client.delete("key")


def test_countingWorks(client: pylibmc.Client) -> None:
    """Arithmetic gives the new number, also when one call counts several keys."""
    client.set_multi({"one": 1, "two": 2})
    assert (client.incr("one", 5), client.decr("two")) == (6, 1)
    client.incr_multi(["one", "two"], delta=2)
    assert client.get_multi(["one", "two"]) == {"one": 8, "two": 3}


def test_casRefusesWhatHasChanged(pool: Pool) -> None:
    """A cas succeeds once with a token."""
    client = clientOf(pool, cas=True)
    client.set("key", "1")
    value, token = client.gets("key")
    assert value == "1"
    assert client.cas("key", "2", token)
    assert not client.cas("key", "3", token)


@pytest.mark.parametrize("behavior", ["no_block", "tcp_nodelay", "_noreply"])
def test_worksInEveryWayOfSending(pool: Pool, behavior: str) -> None:
    """Changes that are sent without waiting for replies are seen by the next read."""
    client = clientOf(pool, **{behavior: True})
    client.set_multi(MANY)
    assert client.get_multi(list(MANY)) == MANY


def test_largeValueComesBack(client: pylibmc.Client) -> None:
    """A value near the limit, longer than any buffer on the way, comes back whole."""
    value = "v" * 1_000_000
    assert client.set("key", value)
    assert client.get("key") == value


def test_statisticsAreTheProxysOwn(client: pylibmc.Client) -> None:
    """The stats call shows what libmemcached knows of the proxy's counters."""
    client.set("key", "1")
    ((_, stats),) = client.get_stats()
    assert int(stats["pid"]) > 0
    assert int(stats["curr_connections"]) >= 1


def test_flushIsRefused(client: pylibmc.Client, pool: Pool) -> None:
    """By default a flush is an error and changes nothing."""
    client.set("key", "1")
    with pytest.raises(pylibmc.Error):
        client.flush_all()
    assert clientOf(pool).get("key") == "1"


def test_flushEmptiesAllServers(flushable: Pool) -> None:
    """Where the pool allows it a flush reaches every server."""
    client = clientOf(flushable)
    client.set_multi(MANY)
    assert client.flush_all()
    assert client.get_multi(list(MANY)) == {}
