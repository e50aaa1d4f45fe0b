"""What a pool may be told to do about a server that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.faults.day import LATE, REFUSED, RESET, TIMED_OUT, UNKNOWN, badDay
from tests.load.client import Habits

KINDS = pytest.mark.parametrize("kind", ["memcached", "redis"])
DEATH = {REFUSED, RESET, UNKNOWN}
EJECTING = ("server_failure_limit: 2", "server_retry_timeout: 200")


@KINDS
@pytest_twisted.ensureDeferred
async def test_readersDoNotSeeALostConnection(kind: str, tmp_path: Path) -> None:
    """With C{retries: 1} only writes that had been sent fail with a connection that is reset."""
    # A repeated read may see a write that its client sent behind it, so none does.
    habits = Habits(depth=1, pause=0.001)
    errors = {RESET, UNKNOWN, "Broken pipe"}
    async with badDay(kind, tmp_path, "retries: 1", errors=errors, habits=habits) as day:
        # More replies than there may be requests under way: no request meets two resets.
        for _ in range(10):
            await day.served()
            day.relay.cut()
        await day.served()
        assert not day.crowd.tally.unread
        assert day.counters()["s1"]["server_err"] >= 10


@KINDS
@pytest_twisted.ensureDeferred
async def test_readersDoNotSeeTheEndOfAServer(kind: str, tmp_path: Path) -> None:
    """With C{retries: 1} and ejection at the first failure, reads go on at the other servers."""
    habits = Habits(depth=1, pause=0.001)
    ejecting = ("auto_eject_hosts: true", "server_failure_limit: 1", "server_retry_timeout: 200")
    async with badDay(kind, tmp_path, *ejecting, "retries: 1", errors=DEATH, habits=habits) as day:
        for _ in range(3):
            ejects = day.counters()["server_ejects"]
            day.servers[0].kill()
            await day.counted(lambda counters, ejects=ejects: counters["server_ejects"] > ejects)
            await day.replies(100)
            day.servers[0].restart()
            await day.served("s0")
        # Keys that were one server's may be those of several by then.
        assert not day.crowd.tally.unread


@KINDS
@pytest_twisted.ensureDeferred
async def test_failAnswersAtOnceOnceAServerIsOut(kind: str, tmp_path: Path) -> None:
    """
    With C{on_failure: fail} nobody waits for a server that is out, its keys are errors that say
    so, and no other server is asked for them.
    """
    out = f"server s0 is out: {TIMED_OUT}"
    keys = (*EJECTING, "on_failure: fail", f"timeout: {LATE}")
    async with badDay(kind, tmp_path, *keys, errors={TIMED_OUT, out}) as day:
        tally = day.crowd.tally
        day.servers[0].stop()
        await day.troubled(out)
        await day.settled()
        waited = tally.errors[TIMED_OUT]
        await day.troubled(out, 50)
        await day.replies(200)
        assert tally.errors[TIMED_OUT] == waited
        day.servers[0].cont()
        await day.served("s0")
        await day.settled()
        # It has its values still, and nobody else has got any in its place.
        errors, misses, hits = day.errors(), tally.replies["miss"], tally.replies["hit"]
        await day.until(lambda: tally.replies["hit"] >= hits + 300, "hits")
        assert day.errors() == errors
        assert tally.replies["miss"] - misses < tally.replies["hit"] - hits


@KINDS
@pytest_twisted.ensureDeferred
async def test_aBackupKeepsHits(kind: str, tmp_path: Path) -> None:
    """While a server is out its keys, and only those, are written to and found in another pool."""
    keys = (*EJECTING, "on_failure:\n    backup: spare")
    async with badDay(kind, tmp_path, *keys, errors=DEATH, spare=True) as day:
        tally = day.crowd.tally
        assert day.proxy.stats()["spare"]["s0"]["responses"] == 0
        day.servers[0].kill()
        await day.counted(lambda counters: counters["server_ejects"])
        await day.settled()
        errors = day.errors()
        spare = day.proxy.stats()["spare"]["s0"]["responses"]
        await day.until(
            lambda: day.proxy.stats()["spare"]["s0"]["responses"] >= spare + 100, "spare"
        )
        assert day.errors() == errors
        hits = tally.replies["hit"]
        await day.until(lambda: tally.replies["hit"] >= hits + 200, "hits")
        day.servers[0].restart()
        await day.served("s0")
        assert day.errors() == errors
