"""
pylibmc, which is libmemcached, and python-memcached through the proxy, in text mode with their
defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import memcache
import pylibmc
import pytest

from tests.e2e.conftest import Pool

MANY = {f"key-{number}-{number * 7919}": number for number in range(50)}


def libmemcached(pool: Pool, **behaviors: bool) -> pylibmc.Client:
    """A pylibmc that has the proxy for its only server."""
    return pylibmc.Client([pool.address], behaviors=behaviors or None)


def pythons(pool: Pool) -> memcache.Client:
    """A python-memcached that has the proxy for its only server."""
    return memcache.Client([pool.address], cache_cas=True)


EACH = pytest.mark.parametrize("kind", [libmemcached, pythons], ids=["pylibmc", "python-memcached"])


@pytest.fixture
def lib(pool: Pool) -> pylibmc.Client:
    """A pylibmc of a pool with default settings."""
    return libmemcached(pool)


@pytest.fixture
def python(pool: Pool) -> Iterator[memcache.Client]:
    """A python-memcached of a pool with default settings."""
    client = pythons(pool)
    yield client
    client.disconnect_all()


@EACH
def test_manyKeysAreFoundAgain(pool: Pool, kind: Any) -> None:
    """What set_multi stores get_multi finds, and delete_multi takes away."""
    client = kind(pool)
    assert client.set_multi(MANY) == []
    assert client.get_multi([*MANY, "missing"]) == MANY
    assert client.delete_multi(list(MANY))
    assert client.get_multi(list(MANY)) == {}
    client.disconnect_all()


@EACH
def test_changesTellTheTruth(pool: Pool, kind: Any) -> None:
    """Each change answers as memcached does."""
    client = kind(pool)
    assert client.add("key", "1")
    assert not client.add("key", "2")
    assert not client.replace("missing", "2")
    assert client.append("key", "2")
    assert client.prepend("key", "0")
    assert client.get("key") == "012"
    assert client.touch("key", 60)
    assert client.delete("key")
    client.disconnect_all()


@EACH
def test_flushEmptiesAllServers(flushable: Pool, kind: Any) -> None:
    """Where the pool allows it a flush reaches every server."""
    client = kind(flushable)
    client.set_multi(MANY)
    # python-memcached does not say whether it was done.
    assert client.flush_all() is not False
    assert client.get_multi(list(MANY)) == {}
    client.disconnect_all()


def test_pylibmcHearsThatThereWasNothingToDelete(lib: pylibmc.Client) -> None:
    """A key is deleted once."""
    lib.set("key", "1")
    assert lib.delete("key")
    assert not lib.delete("key")


def test_pylibmcCounts(lib: pylibmc.Client) -> None:
    """Arithmetic gives the new number, also when one call counts several keys."""
    lib.set_multi({"one": 1, "two": 2})
    assert (lib.incr("one", 5), lib.decr("two")) == (6, 1)
    lib.incr_multi(["one", "two"], delta=2)
    assert lib.get_multi(["one", "two"]) == {"one": 8, "two": 3}


def test_pythonMemcachedCounts(python: memcache.Client) -> None:
    """Arithmetic gives the new number, and None for a key that is not there."""
    python.set("number", 10)
    assert (python.incr("number", 5), python.decr("number", 20)) == (15, 0)
    assert python.incr("missing") is None


def test_pylibmcsCasRefusesWhatHasChanged(pool: Pool) -> None:
    """A cas succeeds once with a token."""
    client = libmemcached(pool, cas=True)
    client.set("key", "1")
    value, token = client.gets("key")
    assert value == "1"
    assert client.cas("key", "2", token)
    assert not client.cas("key", "3", token)


def test_pythonMemcachedsCasRefusesWhatHasChanged(python: memcache.Client, pool: Pool) -> None:
    """A cas fails when another client has stored meanwhile, and succeeds with a fresh token."""
    python.set("key", 1)
    assert python.gets("key") == 1
    pythons(pool).set("key", 2)
    assert not python.cas("key", 3)
    assert python.gets("key") == 2
    assert python.cas("key", 3)


@pytest.mark.parametrize("behavior", ["no_block", "tcp_nodelay", "_noreply"])
def test_pylibmcWorksInEveryWayOfSending(pool: Pool, behavior: str) -> None:
    """Changes that are sent without waiting for replies are seen by the next read."""
    client = libmemcached(pool, **{behavior: True})
    client.set_multi(MANY)
    assert client.get_multi(list(MANY)) == MANY


def test_largeValueComesBack(lib: pylibmc.Client) -> None:
    """A value near the limit, longer than any buffer on the way, comes back whole."""
    value = "v" * 1_000_000
    assert lib.set("key", value)
    assert lib.get("key") == value


def test_pylibmcsStatisticsAreTheProxysOwn(lib: pylibmc.Client, pool: Pool) -> None:
    """The stats call shows what libmemcached knows of the proxy's counters."""
    lib.set("key", "1")
    ((_, stats),) = lib.get_stats()
    assert int(stats["pid"]) == pool.proxy.pid
    assert int(stats["curr_connections"]) == 1


def test_pythonMemcachedsStatisticsAreTheProxysOwn(python: memcache.Client) -> None:
    """The stats call shows the pool's counters, and with "servers" those of each server."""
    python.set("key", 1)
    ((_, stats),) = python.get_stats()
    assert (stats["pool"], stats["client_connections"]) == ("pool", "1")
    ((_, servers),) = python.get_stats("servers")
    assert {f"s{number}:requests" for number in range(3)} <= servers.keys()


def test_pylibmcsFlushIsRefused(lib: pylibmc.Client, pool: Pool) -> None:
    """By default a flush is an error and changes nothing."""
    lib.set("key", "1")
    with pytest.raises(pylibmc.Error):
        lib.flush_all()
    assert libmemcached(pool).get("key") == "1"


def test_pythonMemcachedsFlushIsRefusedInStep(python: memcache.Client) -> None:
    """By default a flush changes nothing, and the client goes on."""
    python.set("key", 1)
    python.flush_all()
    assert python.get("key") == 1
