"""A connection between proxy and server that is spoiled, at load: errors as promised, no mix-up."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.faults.day import INVALID, REFUSED, RESET, TIMED_OUT, UNKNOWN, badDay
from tests.e2e.faults.relay import Manner
from tests.load.client import Habits

KINDS = pytest.mark.parametrize("kind", ["memcached", "redis"])
LIMITS = (0, 1, 7, 300, 5003, 40001)


@KINDS
@pytest.mark.parametrize(
    ("end", "text", "counter"),
    [
        ("abort", RESET, "server_err"),
        ("close", UNKNOWN, "server_eof"),
        ("half", UNKNOWN, "server_eof"),
        ("silence", TIMED_OUT, "server_timedout"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_repliesThatEndInTheMiddle(
    kind: str, end: str, text: str, counter: str, tmp_path: Path
) -> None:
    """At whatever byte a connection ends, what waits on it gets one error, and the next is new."""
    # The kernel resets a connection that is closed before all was read that had come on it.
    besides = {RESET} if end == "close" else ()
    timeout = 500 if text == TIMED_OUT else 30000
    async with badDay(kind, tmp_path, f"timeout: {timeout}", errors={text, *besides}) as day:
        for limit in LIMITS:
            before = day.counters()["s1"][counter]
            day.relay.manner = Manner(limit=limit, end=end)
            await day.counted(lambda counters, before=before: counters["s1"][counter] > before)
        day.relay.manner = Manner()
        await day.served()
        assert day.errors()


@KINDS
@pytest_twisted.ensureDeferred
async def test_connectionsThatAreResetUnderLoad(kind: str, tmp_path: Path) -> None:
    """Each of four connections to a server may go at any moment; the errors are that server's."""
    keys = ("server_connections: 4",)
    async with badDay(kind, tmp_path, *keys, errors={RESET, UNKNOWN}) as day:
        for _ in range(10):
            await day.served("s1", 5)
            day.relay.cut()
        await day.served()
        counters = day.counters()
        assert counters["s1"]["server_err"] + counters["s1"]["server_eof"] >= 10
        assert counters["s0"]["server_err"] == counters["s2"]["server_err"] == 0


@KINDS
@pytest_twisted.ensureDeferred
async def test_aSlowServerWithinTheTimeout(kind: str, tmp_path: Path) -> None:
    """Replies that come late, but in time, are replies; the other servers are not slowed down."""
    async with badDay(kind, tmp_path, "timeout: 30000", errors=()) as day:
        day.relay.manner = Manner(delay=0.05)
        await day.served()
        day.relay.manner = Manner()
        await day.served()


@KINDS
@pytest_twisted.ensureDeferred
async def test_aServerSlowerThanTheTimeout(kind: str, tmp_path: Path) -> None:
    """
    Replies that come too late cost their connection, and never reach anybody: the reply to a later
    request is its own.
    """
    async with badDay(kind, tmp_path, "timeout: 100", errors={TIMED_OUT}) as day:
        for _ in range(3):
            day.relay.manner = Manner(delay=0.4)
            await day.troubled(TIMED_OUT)
            day.relay.manner = Manner()
            await day.served()
        assert day.counters()["s1"]["server_timedout"] >= 3


@KINDS
@pytest_twisted.ensureDeferred
async def test_repliesByteByByte(kind: str, tmp_path: Path) -> None:
    """However a reply is cut up, it is passed on whole."""
    habits = Habits(depth=4, pause=0.05)
    async with badDay(kind, tmp_path, "timeout: 30000", errors=(), habits=habits) as day:
        day.relay.manner = Manner(piece=1)
        await day.served(count=5)
        day.relay.manner = Manner(piece=1000)
        await day.served(count=50)


@KINDS
@pytest.mark.parametrize("garbage", [b"what is this\r\n", b"\0\xff" * 40 + b"\r\n", b"*x\r\n"])
@pytest_twisted.ensureDeferred
async def test_garbage(kind: str, garbage: bytes, tmp_path: Path) -> None:
    """What is no reply reaches nobody, and costs the connection."""
    # The first connection may be in the middle of a value, and then waits for the rest of it.
    async with badDay(kind, tmp_path, "timeout: 1000", errors={INVALID, TIMED_OUT}) as day:
        day.relay.manner = Manner(limit=0, end="silence", last=garbage)
        await day.troubled(INVALID, 20)
        # Pipelined requests are lost together; the connection after that one is lost as well.
        await day.counted(lambda counters: counters["s1"]["server_err"] >= 2)
        day.relay.manner = Manner()
        await day.served()


@KINDS
@pytest_twisted.ensureDeferred
async def test_aServerThatRefusesAtTimes(kind: str, tmp_path: Path) -> None:
    """While nobody listens each request gets an error at once; then the server is used again."""
    async with badDay(kind, tmp_path, errors={REFUSED, RESET, UNKNOWN}) as day:
        for _ in range(3):
            day.relay.close()
            await day.troubled(REFUSED)
            day.relay.open()
            await day.served()
        assert day.counters()["server_ejects"] == 0
