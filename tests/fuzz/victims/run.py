"""The whole: victims, the hostile client beside them, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall, deferLater

from benchmarks.meter import resident
from tests.fuzz.victims.hostile import Harm, Hostility
from tests.fuzz.victims.memcached import MemcachedScript
from tests.fuzz.victims.redis import Redis3Script, RedisScript
from tests.fuzz.victims.scenes import Scene
from tests.fuzz.victims.script import Script
from tests.fuzz.victims.setting import MEBIBYTE, Choice, Setting
from tests.fuzz.victims.victim import Verified, Victim
from tests.load.client import Habits
from tests.load.crowd import Crowd
from tests.load.memcache import Memcache
from tests.load.redis import Redis
from tests.load.tally import Tally

#: How much each of the victims asks at once.
DEPTHS = (1, 1, 8, 40)
#: Victims that come and go: how many, and how.
GOING, HABITS = 4, Habits(depth=10, pause=0.05, stays=10)
#: Scenes that are played at a time.
LANES = 6
#: The proxy's memory without clients, and what those here may have it hold: some of the lanes each
#: 16 times client_bytes_max, which they do not come near.
MEMORY = 256 * MEBIBYTE
#: How server connections end that are lost.
LOST = ("server_eof", "server_err", "server_timedout")
#: Seconds for what is still on its way at the end.
CALM = 2.0


@attrs.frozen
class Outcome:
    """
    What came of a run.

    @ivar made: connections that the proxy has made to each server.
    @ivar lost: server connections that have ended, by counter.
    @ivar memory: of the proxy, in bytes: at first, at its peak, and at last.
    @ivar said: the log of the proxy, if it is not as it should be.
    """

    choice: Choice
    form: str
    seconds: float
    harm: Harm
    verified: Verified
    going: Tally
    made: list[int]
    lost: dict[str, int]
    memory: tuple[int, int, int]
    said: str = ""

    def faults(self) -> list[str]:
        """All that must not be, in words."""
        found = self.verified.wrong + self.harm.stolen + self.going.violations
        found += [f"a victim got an error: {each}" for each in self.going.errors]
        if self.going.cut or self.going.lost or self.going.refused:
            going = (self.going.cut, self.going.lost, self.going.refused)
            found.append(
                f"victims that come and go: cut {going[0]}, lost {going[1]}, refused {going[2]}"
            )
        found += [f"a server connection was lost: {name} {n}" for name, n in self.lost.items() if n]
        lanes = self.choice.workers * (2 if self.choice.dialect == "redis" else 1)
        found += [f"{n} connections to one server, not {lanes}" for n in self.made if n > lanes]
        if self.memory[1] > MEMORY * self.choice.workers:
            found.append(f"the proxy has had {self.memory[1] / MEBIBYTE:.0f} MiB")
        return found + ([f"the proxy has written:\n{self.said}"] if self.said else [])

    def rows(self) -> list[tuple[str, str]]:
        """Names and values, for who reads."""
        harm, heard = self.harm, self.verified
        ends = ", ".join(f"{name} {count:,}" for name, count in harm.ends.most_common())
        memory = [f"{each / MEBIBYTE:.0f}" for each in self.memory]
        right = heard.replies + self.going.answered
        return [
            ("time", f"{self.seconds / 60:.1f} minutes"),
            ("scenes", f"{harm.scenes:,} on {harm.connections:,} connections"),
            (
                "hostile bytes",
                f"{harm.sent:,} sent in pieces, {harm.cuts:,} cuts; {harm.heard:,} heard",
            ),
            ("how these connections ended", ends),
            ("victims' replies verified", f"{right:,}, and {heard.quiet:,} requests without"),
            ("slowest round of a victim", f"{heard.slowest:.2f} s"),
            ("connections made to each server", ", ".join(map(str, self.made))),
            ("memory (RSS)", f"{memory[0]} MiB at first, {memory[1]} at most, {memory[2]} at last"),
        ]


class Run:
    """
    One run.
    """

    def __init__(
        self, reactor: Any, setting: Setting, choice: Choice, scenes: Iterator[Scene], seed: int
    ) -> None:
        self._reactor = reactor
        self._setting = setting
        self._choice = choice
        self._endpoint = setting.endpoint(reactor)
        self._verified = Verified()
        self._waiting: list[tuple[int, Deferred[None]]] = []
        self._over: Deferred[None] = Deferred()
        self._victims = list(self._makeVictims(seed))
        self._going = Crowd(
            reactor, self._crowdDialect(), setting.proxy.port, GOING, HABITS, seed, "vicgo"
        )
        self.hostility = Hostility(reactor, self._endpoint.connect, scenes, self._until)
        self._memory: list[int] = []
        self._watch = LoopingCall(self._look)
        self._watch.clock = reactor

    async def run(self, seconds: float) -> Outcome:
        """Do it for so long, or until the first fault, or until there are no scenes any more."""
        self._begin = self._reactor.seconds()
        self._watch.start(0.5)
        await gatherResults([self._endpoint.connect(_once(each)) for each in self._victims])
        if not self._choice.tls:
            self._going.start()
        self.hostility.start(LANES)
        self.hostility.ended().addBoth(lambda _: self._end())
        await self._over.addTimeout(seconds, self._reactor, lambda *_: None)
        await self.hostility.stop()
        await deferLater(self._reactor, CALM)
        await self._finish()
        return self._outcome()

    def _makeVictims(self, seed: int) -> Iterator[Victim]:
        for number, depth in enumerate(DEPTHS):
            yield self._victim(b"vic%d" % number, depth, self._script(), seed)
        if self._choice.dialect == "redis":
            yield self._victim(b"vic3r", 8, Redis3Script, seed, b"HELLO 3\r\n")

    def _victim(
        self, name: bytes, depth: int, script: type[Script], seed: int, greeting: bytes = b""
    ) -> Victim:
        draw = random.Random(f"{seed}:{name.decode()}")
        made = script(name, draw)
        return Victim(made, depth, self._reactor, draw, self._verified, self._heard, greeting)

    def _script(self) -> type[Script]:
        return {"memcached": MemcachedScript, "redis": RedisScript}[self._choice.dialect]

    def _crowdDialect(self) -> Any:
        return {"memcached": Memcache, "redis": Redis}[self._choice.dialect]()

    def _until(self, count: int) -> Deferred[None]:
        """Fires when victims have heard so many right replies more."""
        waiting: Deferred[None] = Deferred()
        self._waiting.append((self._verified.replies + count, waiting))
        return waiting

    def _heard(self) -> None:
        if self._waiting and any(at <= self._verified.replies for at, _ in self._waiting):
            due = [each for at, each in self._waiting if at <= self._verified.replies]
            self._waiting = [each for each in self._waiting if each[0] > self._verified.replies]
            for each in due:
                if not each.called:
                    each.callback(None)

    def _look(self) -> None:
        self._memory.append(resident(self._setting.proxy.pid))
        for each in self._victims:
            if each.transport is not None:
                each.look()
        if self._verified.wrong or self.hostility.harm.stolen or self._going.tally.violations:
            self._end()

    def _end(self) -> None:
        if not self._over.called:
            self._over.callback(None)

    async def _finish(self) -> None:
        for each in self._victims:
            each.leave()
        if self._going.open:
            with suppress(CancelledError):
                await self._going.stop()
        self._watch.stop()

    def _outcome(self) -> Outcome:
        pool, log = self._setting.proxy.counters(), self._setting.proxy.log()
        servers = [each for each in pool.values() if isinstance(each, dict)]
        return Outcome(
            choice=self._choice,
            form=self._setting.form,
            seconds=self._reactor.seconds() - self._begin,
            harm=self.hostility.harm,
            verified=self._verified,
            going=self._going.tally,
            made=self._setting.made(),
            lost={name: sum(each[name] for each in servers) for name in LOST},
            memory=(self._memory[0], max(self._memory), self._memory[-1]),
            said=log[-4000:] if "Traceback" in log or "Unhandled" in log else "",
        )


def _once(victim: Victim) -> Factory:
    return Factory.forProtocol(lambda: victim)
