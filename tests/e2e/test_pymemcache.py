"""pymemcache through the proxy, with its defaults: changes are sent with noreply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheServerError

from tests.e2e.command import SECONDS
from tests.e2e.conftest import Pool
from tests.e2e.servers import HOST

MANY = {f"key-{number}-{number * 7919}": str(number).encode() for number in range(50)}
LARGEST = 1024 * 1024


def clientOf(pool: Pool) -> Client:
    """A client that has the proxy for its only server."""
    return Client((HOST, pool.proxy.port), timeout=SECONDS)


@pytest.fixture
def client(pool: Pool) -> Iterator[Client]:
    """A client of a pool with default settings."""
    with closing(clientOf(pool)) as client:
        yield client


def test_manyKeysAreSpreadAndFoundAgain(client: Client, pool: Pool) -> None:
    """What set_many stores is on all servers, each key on one, and get_many finds it."""
    assert client.set_many(MANY) == []
    assert client.get_many([*MANY, "missing"]) == MANY
    holders = [pool.holders(key.encode()) for key in MANY]
    assert sorted({tuple(each) for each in holders}) == [(0,), (1,), (2,)]


def test_silentChangesAreSeenByTheNextRead(client: Client) -> None:
    """A read that follows a change without a reply sees the change."""
    client.set("key", "1")
    client.append("key", "2")
    client.prepend("key", "3")
    assert client.get("key") == b"312"
    client.replace("key", "new")
    client.add("key", "ignored")
    assert client.get("key") == b"new"
    client.delete_many(["key", "other"])
    assert client.get("key", default=b"none") == b"none"


def test_changesWithRepliesTellTheTruth(client: Client) -> None:
    """Each change answers as memcached does."""
    assert client.add("key", "1", noreply=False)
    assert not client.add("key", "2", noreply=False)
    assert not client.replace("other", "2", noreply=False)
    assert client.touch("key", 60, noreply=False)
    assert client.delete("key", noreply=False)
    assert not client.delete("key", noreply=False)


def test_countingWorks(client: Client) -> None:
    """Arithmetic gives the new number, and None for a key that is not there."""
    client.set("number", "10")
    assert client.incr("number", 5) == 15
    assert client.decr("number", 20) == 0
    assert client.incr("missing", 1) is None


def test_casRefusesWhatHasChanged(client: Client) -> None:
    """A cas succeeds once with a token, which also gets_many tells."""
    client.set("key", "1")
    value, token = client.gets("key")
    assert value == b"1"
    assert client.gets_many(["key", "missing"]) == {"key": (b"1", token)}
    assert client.cas("key", "2", token) is True
    assert client.cas("key", "3", token) is False
    assert client.cas("missing", "3", token) is None


def test_getAndTouchWorks(client: Client) -> None:
    """A gat, which the client has only as a raw command, finds the value."""
    client.set("key", "1")
    assert client.raw_command("gat 60 key", b"END\r\n") == b"VALUE key 0 1\r\n1\r\n"


def test_valueTooLargeIsRefusedInStep(client: Client) -> None:
    """A value over the limit is an error, and the connection goes on behind it."""
    with pytest.raises(MemcacheServerError, match="object too large for cache"):
        client.set("key", b"v" * (LARGEST + 1), noreply=False)
    client.set("key", b"v" * (LARGEST // 2))
    assert len(client.get("key")) == LARGEST // 2


def test_statisticsAreTheProxysOwn(client: Client) -> None:
    """The stats call shows the pool's counters, and with "servers" those of each server."""
    before = requestsOf(client)
    client.set("key", "1", noreply=False)
    stats = client.stats()
    assert (stats[b"pool"], stats[b"client_connections"]) == (b"pool", 1)
    assert requestsOf(client) == before + 1


def requestsOf(client: Client) -> int:
    """How many requests the servers were sent."""
    stats = client.stats("servers")
    return sum(stats[b"s%d:requests" % number] for number in range(3))


def test_versionIsTheServers(client: Client) -> None:
    """The version call is answered by a server."""
    assert client.version().startswith(b"1.")


def test_flushIsRefusedAndNamesTheSetting(client: Client) -> None:
    """By default a flush changes nothing, and says why where the client wants a reply."""
    client.set("key", "1")
    client.flush_all()
    assert client.get("key") == b"1"
    with pytest.raises(MemcacheServerError, match="flush_all: true"):
        client.flush_all(noreply=False)
    assert client.get("key") == b"1"


@pytest.mark.parametrize("noreply", [True, False])
def test_flushEmptiesAllServers(flushable: Pool, noreply: bool) -> None:
    """Where the pool allows it a flush reaches every server, before the next read."""
    with closing(clientOf(flushable)) as client:
        client.set_many(MANY)
        assert client.flush_all(noreply=noreply)
        assert client.get_many(list(MANY)) == {}
