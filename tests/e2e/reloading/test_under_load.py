"""Pools, servers and settings come and go under load, and nothing is lost or left."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.e2e.command import SECONDS, exchange
from tests.e2e.crew import ending
from tests.e2e.faults.day import theReactor
from tests.e2e.proxy import poolText
from tests.e2e.reloading.descriptors import CONNECTION, opened
from tests.e2e.reloading.reloaded import KINDS, SET, Reloaded, both, children, reloaded
from tests.e2e.servers import HOST, freePort
from tests.load.client import Habits
from tests.load.crowd import Crowd
from tests.load.memcache import Memcache


@KINDS
@pytest_twisted.ensureDeferred
async def test_noReplyIsLostOverIt(tmp_path, servers, workers) -> None:
    """Servers, settings and pools come and go under load; nobody is cut off, or hears a lie."""
    with reloaded(tmp_path, workers, servers) as proxy:
        crowd = Crowd(theReactor(), Memcache(), proxy.ports["pool"], habits=Habits(stays=0))
        crowd.start()
        try:
            for _ in range(3):
                more = poolText(proxy.ports["more"], servers[:1], name="more")
                said = await deferToThread(
                    proxy.reload, both(proxy, servers, "timeout: 9000") + more
                )
                assert "pool more: added, listening on" in said
                assert "pool pool: timeout unset -> 9000" in said
                assert f"pool pool: server s2 added, {HOST}:{servers[2].port} weight 1" in said
                await asked(crowd, 200)
                assert await deferToThread(serves, proxy, "more")
                said = await deferToThread(proxy.reload, both(proxy, servers[:2]))
                assert "pool more: removed" in said
                assert "pool pool: server s2 removed" in said
                await asked(crowd, 200)
                assert not await deferToThread(serves, proxy, "more")
        finally:
            await crowd.stop()
        tally = crowd.tally
        assert tally.violations == []
        assert not tally.errors
        assert (tally.connects, tally.cut, tally.refused, tally.lost) == (8, 0, 0, 0)


async def asked(crowd: Crowd, count: int) -> None:
    """Wait for so many replies."""
    wanted = crowd.tally.replies.total() + count
    tally = crowd.tally
    await crowd.until(lambda: tally.violations or tally.replies.total() >= wanted, SECONDS)


def serves(proxy: Reloaded, name: str) -> bool:
    """Whether somebody lets a client in there; a listener that goes may take a moment."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with closing(proxy.connect(name)) as client:
                exchange(client, *SET)
        except ConnectionError:
            return False
        if "more: removed" not in proxy.log().rpartition("reading")[2]:
            return True
        assert time.monotonic() < deadline


@KINDS
@pytest_twisted.ensureDeferred
async def test_aStopUnderLoadTellsNoLie(tmp_path, servers, workers) -> None:
    """At SIGTERM amid pipelined requests clients hear replies and then the end, but no error."""
    with reloaded(tmp_path, workers, servers) as proxy:
        crowd = Crowd(theReactor(), Memcache(), proxy.ports["pool"], habits=Habits(pause=0.001))
        crowd.start()
        try:
            await asked(crowd, 2000)
            with ending([proxy.pid, *children(proxy)]):
                assert await deferToThread(proxy.terminate) == -signal.SIGTERM
        finally:
            await crowd.stop()
        tally = crowd.tally
        assert tally.violations == []
        assert not tally.errors
        assert tally.lost == 0


@KINDS
def test_nothingIsLeftOpen(tmp_path, servers, workers) -> None:
    """However often pools come and move and go, each process has open what it had before."""
    with reloaded(tmp_path, workers, servers) as proxy:
        text = both(proxy, servers[:2])
        more = poolText(proxy.ports["more"], servers[:1], name="more")
        elsewhere = text.replace(str(proxy.ports["pool"]), str(freePort()))
        proxy.reload(elsewhere + more)
        proxy.reload(text)
        # The start has asked on the statistics port whether anybody is there.
        before = settled(
            proxy, text, lambda now: not any(each[CONNECTION] for each in now.values())
        )
        for _ in range(5):
            proxy.reload(elsewhere + more)
            proxy.reload(text)
        settled(proxy, text, lambda now: now == before)


def settled(proxy: Reloaded, text: str, isSo: Callable[[dict], bool]) -> dict[int, Counter[str]]:
    """Look whenever all have read their file once more, until what each has open is as wanted."""
    deadline = time.monotonic() + SECONDS
    while not isSo(now := opened([proxy.pid, *children(proxy)])):
        assert time.monotonic() < deadline, now
        proxy.reload(text)
    return now
