"""Real servers that are killed, held, restarted and turned away, at load."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.task import deferLater

from tests.e2e.faults.day import LATE, REFUSED, RESET, TIMED_OUT, UNKNOWN, badDay
from tests.load.client import Habits

KINDS = pytest.mark.parametrize("kind", ["memcached", "redis"])
DEATH = {REFUSED, RESET, UNKNOWN}
EJECTING = ("auto_eject_hosts: true", "server_failure_limit: 2", "server_retry_timeout: 200")


@KINDS
@pytest_twisted.ensureDeferred
async def test_aKilledServer(kind: str, tmp_path: Path) -> None:
    """Its keys are errors at once, those of the others are not, and an empty one is used again."""
    async with badDay(kind, tmp_path, errors=DEATH) as day:
        day.servers[0].kill()
        await day.troubled(REFUSED)
        await day.replies(200)
        day.servers[0].restart()
        await day.served("s0")
        counters = day.counters()
        assert counters["server_ejects"] == 0
        assert counters["s1"]["server_err"] == counters["s2"]["server_err"] == 0


@KINDS
@pytest_twisted.ensureDeferred
async def test_aHeldServer(kind: str, tmp_path: Path) -> None:
    """
    Who is silent costs the timeout and the connection; what a held server says when it goes on
    reaches nobody.
    """
    async with badDay(kind, tmp_path, "timeout: 200", errors={TIMED_OUT}) as day:
        for _ in range(3):
            day.servers[0].stop()
            await day.troubled(TIMED_OUT)
            day.servers[0].cont()
            await day.served("s0")
        assert day.counters()["s0"]["server_timedout"] >= 3


@KINDS
@pytest_twisted.ensureDeferred
async def test_aServerThatFlaps(kind: str, tmp_path: Path) -> None:
    """Killed and started several times a second, ejected or not, it costs its own requests only."""
    async with badDay(kind, tmp_path, *EJECTING, errors=DEATH) as day:
        for _ in range(12):
            day.servers[0].kill()
            await day.replies(30)
            day.servers[0].restart()
            await deferLater(day.reactor, 0.1)
        await day.served("s0")
        counters = day.counters()
        assert counters["server_ejects"] >= 1
        assert counters["s2"]["server_err"] == 0


@KINDS
@pytest_twisted.ensureDeferred
async def test_anEjectedServerCostsNobodyAnything(kind: str, tmp_path: Path) -> None:
    """
    Once it is out there are no errors, however often the probe fails; when it is well it gets its
    keys back without any.
    """
    async with badDay(kind, tmp_path, *EJECTING, errors=DEATH) as day:
        day.servers[0].kill()
        await day.counted(lambda counters: counters["server_ejects"])
        await day.settled()
        # Nothing but probes opens connections now.
        errors, opened = day.errors(), day.proxy.stats()["total_connections"]
        await day.until(lambda: day.proxy.stats()["total_connections"] >= opened + 3, "probes")
        assert day.errors() == errors
        day.servers[0].restart()
        await day.served("s0")
        assert day.errors() == errors
        assert day.counters()["server_ejects"] == 1


@KINDS
@pytest_twisted.ensureDeferred
async def test_aHeldServerIsProbedOnAConnectionOfItsOwn(kind: str, tmp_path: Path) -> None:
    """One that accepts and says nothing stays out, and no client waits for it."""
    keys = (*EJECTING, f"timeout: {LATE}")
    async with badDay(kind, tmp_path, *keys, errors={TIMED_OUT}) as day:
        day.servers[0].stop()
        await day.counted(lambda counters: counters["server_ejects"])
        served = day.counters()["s0"]["responses"]
        await day.replies(1000)
        counters = day.counters()
        assert counters["s0"]["responses"] == served
        assert counters["server_ejects"] == 1
        day.servers[0].cont()
        await day.served("s0")


@KINDS
@pytest_twisted.ensureDeferred
async def test_connectionsLostTogetherAreOneFailure(kind: str, tmp_path: Path) -> None:
    """A held server is ejected after so many timeouts, on however many connections at once."""
    limit = ("auto_eject_hosts: true", "server_failure_limit: 4", "server_retry_timeout: 600000")
    keys = (*limit, "server_connections: 4", "timeout: 300")
    async with badDay(kind, tmp_path, *keys, errors={TIMED_OUT}) as day:
        day.servers[0].stop()
        await day.counted(lambda counters: counters["server_ejects"] == 1)
        await day.replies(200)
        counters = day.counters()
        assert counters["server_ejects"] == 1
        # Each loss for itself, it would have been out after four and those under way by then.
        assert 8 < counters["s0"]["server_timedout"] <= 16


@KINDS
@pytest_twisted.ensureDeferred
async def test_allServersGone(kind: str, tmp_path: Path) -> None:
    """With every server ejected each request is refused at once, until one is back."""
    async with badDay(kind, tmp_path, *EJECTING, errors=DEATH) as day:
        for server in day.servers:
            server.kill()
        await day.counted(lambda counters: counters["server_ejects"] >= 3)
        await day.troubled(REFUSED, 100)
        for server in day.servers:
            server.restart()
        for name in ("s0", "s1", "s2"):
            await day.served(name)


@KINDS
@pytest_twisted.ensureDeferred
async def test_clientsThatComeAndGo(kind: str, tmp_path: Path) -> None:
    """
    Clients leave politely, in the middle of their requests, and with a half close, while servers
    are killed; what was asked before a half close is answered.
    """
    habits = Habits(stays=5)
    async with badDay(kind, tmp_path, errors=DEATH, habits=habits, mayLeave=True) as day:
        for _ in range(3):
            day.servers[0].kill()
            await day.replies(300)
            day.servers[0].restart()
            await day.served("s0")
        leaves = day.crowd.tally.leaves
        await day.until(lambda: leaves["half"] >= 3 and leaves["rude"] >= 3, "leaves")


@KINDS
@pytest_twisted.ensureDeferred
async def test_halfClosedClientsAreToldOfATimeout(kind: str, tmp_path: Path) -> None:
    """Who closes half while its server is held gets all its replies, errors among them."""
    habits = Habits(stays=3)
    keys = ("timeout: 300",)
    async with badDay(kind, tmp_path, *keys, errors={TIMED_OUT}, habits=habits, mayLeave=True) as d:
        half = d.crowd.tally.leaves["half"]
        for _ in range(3):
            d.servers[0].stop()
            await d.troubled(TIMED_OUT)
            d.servers[0].cont()
        await d.until(lambda: d.crowd.tally.leaves["half"] >= half + 3, "leaves")
