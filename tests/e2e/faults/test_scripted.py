"""Servers that answer as no server should: too early, too much, or not even a connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol

from tests.e2e.faults.day import KEYS, LATE, RESET, TIMED_OUT, UNKNOWN, badDay, theReactor, until
from tests.e2e.faults.scripted import Connection, Scripted, blackHole
from tests.e2e.proxy import Proxy, watched
from tests.e2e.servers import HOST

KINDS = pytest.mark.parametrize("kind", ["memcached", "redis"])
GET = {"memcached": b"get key\r\n", "redis": b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"}
MISS = {"memcached": b"END\r\n", "redis": b"$-1\r\n"}
STRAY = {"memcached": b"VALUE key 0 5\r\nstray\r\nEND\r\n", "redis": b"$5\r\nstray\r\n"}
EARLY = {"memcached": b"SERVER_ERROR out of memory storing object\r\n", "redis": b"-ERR no\r\n"}
OWN = {"memcached": b"SERVER_ERROR %b\r\n", "redis": b"-ERR %b\r\n"}


def longSet(kind: str, size: int) -> bytes:
    """A write that takes many packets."""
    value = b"x" * size
    if kind == "memcached":
        return b"set key 0 0 %d\r\n%b\r\n" % (size, value)
    return b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n%b\r\n" % (size, value)


LONG = {kind: longSet(kind, 1 << 20) for kind in GET}


class Client(Protocol):
    """Remembers what it is told."""

    received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    async def isTold(self, *answers: bytes) -> None:
        """Wait for one of these answers, and nothing else."""
        longest = max(map(len, answers))
        await until(
            lambda: self.received in answers or len(self.received) >= longest,
            lambda: self.received,
        )
        assert self.received in answers
        self.received = b""


async def clientOf(proxy: Proxy) -> Client:
    """Connect to a pool."""
    endpoint = TCP4ClientEndpoint(theReactor(), HOST, proxy.port)
    return await connectProtocol(endpoint, Client())


@asynccontextmanager
async def talking(
    kind: str, folder: Path, script: Callable[[Connection], object]
) -> AsyncIterator[tuple[Client, Scripted]]:
    """A client of a proxy with one scripted server."""
    with ExitStack() as stack:
        server = Scripted(theReactor(), script)
        stack.callback(server.close)
        proxy = stack.enter_context(Proxy(folder, [server], *KEYS[kind], "timeout: 20000"))
        stack.enter_context(watched(proxy))
        client = await clientOf(proxy)
        yield client, server
        client.transport.loseConnection()


@KINDS
@pytest_twisted.ensureDeferred
async def test_anAnswerBeforeTheRequestIsComplete(kind: str, tmp_path: Path) -> None:
    """It is the answer to that request; the rest of it is still sent, and then the next one."""
    early = 0

    def script(connection: Connection) -> None:
        nonlocal early
        if connection.received.endswith(LONG[kind] + GET[kind]):
            connection.say(MISS[kind])
        elif len(connection.received) > 1000 and not early:
            early = len(connection.received)
            connection.say(EARLY[kind])

    async with talking(kind, tmp_path, script) as (client, server):
        client.transport.write(LONG[kind])
        await client.isTold(EARLY[kind])
        client.transport.write(GET[kind])
        await client.isTold(MISS[kind])
        assert server.made == 1
    assert early < len(LONG[kind])


@KINDS
@pytest_twisted.ensureDeferred
async def test_anEarlyAnswerAndAClose(kind: str, tmp_path: Path) -> None:
    """Who refuses a long write and goes has answered that one; what came behind it is an error."""

    def script(connection: Connection) -> None:
        if connection.received == GET[kind]:
            connection.say(MISS[kind])
        elif len(connection.received) > 1000:
            connection.say(EARLY[kind])
            connection.transport.loseConnection()

    async with talking(kind, tmp_path, script) as (client, _):
        client.transport.write(LONG[kind] + GET[kind])
        lost = [OWN[kind] % text.encode() for text in (UNKNOWN, RESET, "Broken pipe")]
        # A reset may overtake the answer, as bytes of the write were not read.
        both = [first + second for first in (EARLY[kind], *lost) for second in (*lost, MISS[kind])]
        await client.isTold(*both)
        client.transport.write(GET[kind])
        await client.isTold(MISS[kind])


@KINDS
@pytest_twisted.ensureDeferred
async def test_aReplyThatNobodyAskedFor(kind: str, tmp_path: Path) -> None:
    """On an idle connection, or behind a reply, it costs the connection and reaches nobody."""

    def script(connection: Connection) -> None:
        connection.say(MISS[kind] + STRAY[kind] * (server.made == 2))

    async with talking(kind, tmp_path, script) as (client, server):
        client.transport.write(GET[kind])
        await client.isTold(MISS[kind])
        first = server.connections[0]
        first.say(STRAY[kind])
        await until(lambda: first not in server.connections, lambda: server.connections)
        for _ in range(2):
            client.transport.write(GET[kind])
            await client.isTold(MISS[kind])
        await until(lambda: server.made == 3, lambda: server.made)


@KINDS
@pytest_twisted.ensureDeferred
async def test_aValueThatIsTooLargeForTheServer(kind: str, tmp_path: Path) -> None:
    """The server's refusal of one write harms no more than the server itself does by closing."""
    arguments = {"memcached": ("-I", "512k"), "redis": ("--proto-max-bulk-len", "1mb")}
    refusals = {
        "memcached": b"SERVER_ERROR object too large for cache\r\n",
        "redis": b"-ERR Protocol error: invalid bulk length\r\n",
    }
    # redis closes the connection, with or without a reset; memcached keeps it.
    errors = {"memcached": set(), "redis": {UNKNOWN, RESET, "Broken pipe"}}[kind]
    refused = [refusals[kind], *(OWN[kind] % text.encode() for text in errors)]
    async with badDay(kind, tmp_path, errors=errors, arguments=arguments[kind], others=True) as day:
        client = await clientOf(day.proxy)
        for _ in range(10):
            client.transport.write(longSet(kind, 900_000 if kind == "memcached" else 1_200_000))
            await client.isTold(*refused)
            await day.replies(10)
        client.transport.loseConnection()
        counters = day.counters()
        ended = [counters[name]["server_err"] + counters[name]["server_eof"] for name in day.names]
        assert bool(sum(ended)) == (kind == "redis")


@KINDS
@pytest_twisted.ensureDeferred
async def test_aServerThatLetsNobodyIn(kind: str, tmp_path: Path) -> None:
    """A connection attempt without an answer costs the timeout; other servers go on meanwhile."""
    with blackHole() as hole:
        keys = ("timeout: 300",)
        async with badDay(kind, tmp_path, *keys, errors={TIMED_OUT}, fourth=hole) as day:
            await day.troubled(TIMED_OUT, 20)
            for name in ("s0", "s1", "s2"):
                await day.served(name)
            counters = day.counters()["s3"]
            assert counters["server_timedout"] >= 2
            assert counters["server_connections"] == 0


@KINDS
@pytest_twisted.ensureDeferred
async def test_aServerThatLetsNobodyInIsEjected(kind: str, tmp_path: Path) -> None:
    """It is out after its failures, and its probes, which hang too, cost nobody anything."""
    with blackHole() as hole:
        ejecting = ("auto_eject_hosts: true", "server_retry_timeout: 100", f"timeout: {LATE}")
        async with badDay(kind, tmp_path, *ejecting, errors={TIMED_OUT}, fourth=hole) as day:
            await day.counted(lambda counters: counters["server_ejects"])
            await day.settled()
            errors = day.errors()
            opened = day.proxy.stats()["total_connections"]
            await day.until(lambda: day.proxy.stats()["total_connections"] >= opened + 2, "probes")
            await day.replies(200)
            assert day.errors() == errors
