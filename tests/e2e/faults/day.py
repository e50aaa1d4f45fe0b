"""
A pool of three servers, C{s1} of them behind a relay, and clients that keep asking.

    async with badDay("redis", tmp_path, "timeout: 300", errors={"unknown"}) as day:
        await day.replies(100)
        day.relay.cut()
        await day.troubled()

At the end every client is told to go, and everything that holds on any day is checked.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import define
from twisted.internet import error
from twisted.internet.task import deferLater

from tests.e2e.faults.relay import Relay
from tests.e2e.faults.scripted import BlackHole
from tests.e2e.proxy import Proxy, poolText, watched
from tests.e2e.servers import RealServer, freePort, startMemcached, startRedis
from tests.load.client import Habits
from tests.load.crowd import Crowd
from tests.load.memcache import Memcache
from tests.load.redis import Redis

SECONDS = 60.0
"""The deadline of what should happen at once, on a machine that has much else to do."""

LATE = 2000
"""The timeout, in milliseconds, of a pool in which nobody but a dead server is to be that late."""

STARTS = {"memcached": startMemcached, "redis": startRedis}
DIALECTS = {"memcached": Memcache(), "redis": Redis()}
KEYS = {"memcached": (), "redis": ("redis: true",)}
QUEUES = ("in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes")

REFUSED = "Connection refused"
TIMED_OUT = "Connection timed out"
UNKNOWN = "unknown"
RESET = "Connection reset by peer"
INVALID = "Invalid argument"


def theReactor() -> Any:
    """The reactor that the plugin has installed."""
    from twisted.internet import reactor  # noqa: PLC0415

    return reactor


async def until(isSo: Callable[[], object], state: Callable[[], object]) -> None:
    """
    Let time pass until it is so.

    @param state: what to say if it is never so.
    """
    deadline = time.monotonic() + SECONDS
    while not isSo():
        assert time.monotonic() < deadline, state()
        await deferLater(theReactor(), 0.02)


@define(eq=False)
class Day:
    """
    What a test has to do with.

    @ivar servers: by the number in their names.
    @ivar relay: before the server s1.
    @ivar crowd: the clients.
    """

    reactor: Any
    proxy: Proxy
    servers: list[RealServer]
    relay: Relay
    crowd: Crowd

    @property
    def names(self) -> list[str]:
        """The names of the servers."""
        return [f"s{number}" for number in range(len(self.servers))]

    @asynccontextmanager
    async def visited(self) -> AsyncIterator[None]:
        """Have the clients there, and served already."""
        self.crowd.start()
        try:
            await self.replies()
            yield
        finally:
            await self.crowd.stop()

    def counters(self) -> dict[str, Any]:
        """The proxy's counters of the pool."""
        return self.proxy.stats()["pool"]

    def errors(self) -> int:
        """How many replies were errors."""
        return self.crowd.tally.errors.total()

    async def until(self, isSo: Callable[[], object], what: str = "") -> None:
        """Let time pass until it is so, or a client complains."""
        tally = self.crowd.tally
        await until(lambda: tally.violations or isSo(), lambda: (what, tally, self.proxy.stats()))
        assert not tally.violations, tally.violations

    async def heard(self, isSo: Callable[[], object], what: str) -> None:
        """Wait until clients have heard enough for it to be so, or one complains."""
        tally = self.crowd.tally
        try:
            await self.crowd.until(lambda: tally.violations or isSo(), SECONDS)
        except error.TimeoutError:
            raise AssertionError((what, tally, self.proxy.stats())) from None
        assert not tally.violations, tally.violations

    async def replies(self, count: int = 100) -> None:
        """Wait for more replies that are no errors."""
        tally = self.crowd.tally
        wanted = tally.replies.total() + count
        await self.heard(lambda: tally.replies.total() >= wanted, "replies")

    async def settled(self) -> None:
        """
        Wait until all that has been asked by now is answered: an error that a client will read
        behind other replies may be older than the replies of others.
        """
        asked = {id(each): each for each in self.crowd.pending()}
        await self.heard(
            lambda: not any(id(each) in asked for each in self.crowd.pending()), "answers"
        )

    async def troubled(self, text: str, count: int = 5) -> None:
        """Wait for more errors of a kind."""
        errors = self.crowd.tally.errors
        wanted = errors[text] + count
        await self.heard(lambda: errors[text] >= wanted, text)

    async def served(self, server: str = "s1", count: int = 20) -> None:
        """Wait until a server has given more replies."""
        wanted = self.counters()[server]["responses"] + count
        await self.until(lambda: self.counters()[server]["responses"] >= wanted, server)

    async def counted(self, isSo: Callable[[dict[str, Any]], object]) -> None:
        """Wait until the counters are as wanted."""
        await self.until(lambda: isSo(self.counters()), "counters")


def _check(day: Day, allowed: Collection[str], uncounted: bool) -> None:
    tally = day.crowd.tally
    assert not tally.violations, tally.violations
    assert set(tally.errors) <= set(allowed), tally.errors
    assert (tally.cut, tally.refused, tally.lost) == (0, 0, 0), tally
    counters = day.counters()
    if not uncounted:
        assert counters["forward_error"] == tally.errors.total()
        assert counters["client_err"] == tally.dropped == 0
    queues = _queues(day, counters)
    assert not any(queues.values()), queues


def _queues(day: Day, counters: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(name, key): counters[name][key] for name in day.names for key in QUEUES}


def _isOver(day: Day, counters: dict[str, Any]) -> bool:
    return not (counters["client_connections"] or any(_queues(day, counters).values()))


def _spareOf(kind: str, stack: ExitStack) -> str:
    server = stack.enter_context(STARTS[kind]())
    return poolText(freePort(), [server], *KEYS[kind], name="spare")


@asynccontextmanager
async def badDay(
    kind: str,
    folder: Path,
    *keys: str,
    errors: Collection[str],
    habits: Habits = Habits(),  # noqa: B008  (frozen)
    arguments: tuple[str, ...] = (),
    mayLeave: bool = False,
    others: bool = False,
    fourth: BlackHole | None = None,
    spare: bool = False,
) -> AsyncIterator[Day]:
    """
    Start it all, and check in the end what always holds.

    @param kind: C{memcached} or C{redis}.
    @param keys: lines of the pool's configuration.
    @param errors: the texts that clients may get.
    @param arguments: of the servers.
    @param mayLeave: clients may go without waiting for their replies.
    @param others: the test has clients of its own, which are told of errors too.
    @param fourth: a server that is none.
    @param spare: there is another pool, with one server, named C{spare}.
    """
    reactor = theReactor()
    with ExitStack() as stack:
        servers = [stack.enter_context(STARTS[kind](*arguments)) for _ in range(3)]
        relay = Relay(reactor, servers[1].port)
        stack.callback(relay.close)
        behind = [servers[0], relay, servers[2], *([fourth] if fourth else [])]
        text = _spareOf(kind, stack) if spare else ""
        proxy = stack.enter_context(Proxy(folder, behind, *KEYS[kind], *keys, others=text))
        stack.enter_context(watched(proxy))
        crowd = Crowd(reactor, DIALECTS[kind], proxy.port, habits=habits)
        day = Day(reactor, proxy, servers, relay, crowd)
        async with day.visited():
            yield day
        if mayLeave:
            # Nothing takes back what a server was asked: it answers those who did not wait, too.
            await day.counted(lambda counters: _isOver(day, counters))
        _check(day, errors, mayLeave or others)
