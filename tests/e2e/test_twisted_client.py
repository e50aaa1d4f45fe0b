"""Twisted's own MemCacheProtocol through the proxy, on this process's reactor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_twisted
from twisted.internet.defer import gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.protocols.memcache import MemCacheProtocol, ServerError

from tests.e2e.conftest import Pool
from tests.e2e.servers import HOST

MANY = {b"key-%d-%d" % (number, number * 7919): b"%d" % number for number in range(50)}


@asynccontextmanager
async def clientOf(pool: Pool) -> AsyncIterator[MemCacheProtocol]:
    """A connection to the proxy."""
    from twisted.internet import reactor  # noqa: PLC0415  # the reactor that the plugin installed

    endpoint = TCP4ClientEndpoint(reactor, HOST, pool.proxy.port)
    client = await connectProtocol(endpoint, MemCacheProtocol())
    try:
        yield client
    finally:
        client.transport.loseConnection()


async def storeMany(client: MemCacheProtocol) -> None:
    """Store fifty values without waiting in between."""
    assert all(await gatherResults([client.set(key, value) for key, value in MANY.items()]))


@pytest_twisted.ensureDeferred
async def test_pipelinedKeysAreFoundAgain(pool: Pool) -> None:
    """Values that are stored at once are found by one request for all."""
    async with clientOf(pool) as client:
        await storeMany(client)
        found = await client.getMultiple([*MANY, b"missing"])
    assert found == {key: (0, value) for key, value in MANY.items()} | {b"missing": (0, None)}


@pytest_twisted.ensureDeferred
async def test_changesTellTheTruth(pool: Pool) -> None:
    """Each change answers as memcached does, in the order of the requests."""
    async with clientOf(pool) as client:
        answers = [
            client.add(b"key", b"1"),
            client.add(b"key", b"2"),
            client.replace(b"missing", b"2"),
            client.append(b"key", b"2"),
            client.get(b"key"),
            client.increment(b"key", 5),
            client.decrement(b"key", 7),
            client.delete(b"key"),
            client.delete(b"key"),
        ]
        assert await gatherResults(answers) == [
            *(True, False, False, True),
            *((0, b"12"), 17, 10),
            *(True, False),
        ]


@pytest_twisted.ensureDeferred
async def test_casRefusesWhatHasChanged(pool: Pool) -> None:
    """A checkAndSet succeeds once with an identifier."""
    async with clientOf(pool) as client:
        await client.set(b"key", b"1", flags=7)
        flags, identifier, value = await client.get(b"key", withIdentifier=True)
        assert (flags, value) == (7, b"1")
        assert await client.checkAndSet(b"key", b"2", identifier)
        assert not await client.checkAndSet(b"key", b"3", identifier)


@pytest_twisted.ensureDeferred
async def test_statisticsAndVersionAreAnswered(pool: Pool) -> None:
    """The stats call shows the pool's counters, the version call a server's version."""
    async with clientOf(pool) as client:
        assert (await client.stats())[b"pool"] == b"pool"
        assert b"s0:requests" in await client.stats(b"servers")
        assert (await client.version()).startswith(b"1.")


@pytest_twisted.ensureDeferred
async def test_flushIsRefusedInStep(pool: Pool) -> None:
    """By default a flush is an error that names the setting, and the connection goes on."""
    async with clientOf(pool) as client:
        await client.set(b"key", b"1")
        with pytest.raises(ServerError, match="flush_all: true"):
            await client.flushAll()
        assert await client.get(b"key") == (0, b"1")


@pytest_twisted.ensureDeferred
async def test_flushEmptiesAllServers(flushable: Pool) -> None:
    """Where the pool allows it a flush reaches every server."""
    async with clientOf(flushable) as client:
        await storeMany(client)
        assert await client.flushAll()
        assert set((await client.getMultiple(list(MANY))).values()) == {(0, None)}
