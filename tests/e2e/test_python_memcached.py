"""python-memcached through the proxy, with its defaults."""

from __future__ import annotations

from collections.abc import Iterator

import memcache
import pytest

from tests.e2e.conftest import Pool

MANY = {f"key-{number}-{number * 7919}": number for number in range(50)}


def clientOf(pool: Pool) -> memcache.Client:
    """A client that has the proxy for its only server."""
    return memcache.Client([pool.address], cache_cas=True)


@pytest.fixture
def client(pool: Pool) -> Iterator[memcache.Client]:
    """A client of a pool with default settings."""
    client = clientOf(pool)
    yield client
    client.disconnect_all()


def test_manyKeysAreFoundAgain(client: memcache.Client) -> None:
    """What set_multi stores get_multi finds, and delete_multi takes away."""
    assert client.set_multi(MANY) == []
    assert client.get_multi([*MANY, "missing"]) == MANY
    assert client.delete_multi(list(MANY))
    assert client.get_multi(list(MANY)) == {}


def test_changesTellTheTruth(client: memcache.Client) -> None:
    """Each change answers as memcached does."""
    assert client.add("key", "1")
    assert not client.add("key", "2")
    assert not client.replace("missing", "2")
    assert client.append("key", "2")
    assert client.prepend("key", "0")
    assert client.get("key") == "012"
    assert client.touch("key", 60)
    assert client.delete("key")


def test_countingWorks(client: memcache.Client) -> None:
    """Arithmetic gives the new number, and None for a key that is not there."""
    client.set("number", 10)
    assert (client.incr("number", 5), client.decr("number", 20)) == (15, 0)
    assert client.incr("missing") is None


def test_casRefusesWhatHasChanged(client: memcache.Client, pool: Pool) -> None:
    """A cas fails when another client has stored meanwhile, and succeeds with a fresh token."""
    client.set("key", 1)
    assert client.gets("key") == 1
    clientOf(pool).set("key", 2)
    assert not client.cas("key", 3)
    assert client.gets("key") == 2
    assert client.cas("key", 3)


def test_statisticsAreTheProxysOwn(client: memcache.Client) -> None:
    """The stats call shows the pool's counters, and with "servers" those of each server."""
    client.set("key", 1)
    ((_, stats),) = client.get_stats()
    assert (stats["pool"], stats["client_connections"]) == ("pool", "1")
    ((_, servers),) = client.get_stats("servers")
    assert {f"s{number}:requests" for number in range(3)} <= servers.keys()


def test_flushIsRefusedInStep(client: memcache.Client) -> None:
    """By default a flush changes nothing, and the client goes on."""
    client.set("key", 1)
    client.flush_all()
    assert client.get("key") == 1


def test_flushEmptiesAllServers(flushable: Pool) -> None:
    """Where the pool allows it a flush reaches every server."""
    client = clientOf(flushable)
    client.set_multi(MANY)
    client.flush_all()
    assert client.get_multi(list(MANY)) == {}
