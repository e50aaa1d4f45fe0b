"""What a pool may be told to do about a server that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.faults.day import REFUSED, RESET, UNKNOWN, badDay
from tests.load.client import Habits

KINDS = pytest.mark.parametrize("kind", ["memcached", "redis"])
DEATH = {REFUSED, RESET, UNKNOWN}


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
        assert day.crowd.tally.unread == 0
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
        assert day.crowd.tally.unread == 0
