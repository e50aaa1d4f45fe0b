"""The load, the samples and the line every ten seconds."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.task import LoopingCall, deferLater

from benchmarks.meter import resident
from tests.load.client import Habits
from tests.load.crowd import Crowd
from tests.load.memcache import Memcache
from tests.load.redis import Redis
from tests.load.tally import Tally
from tests.soak.mischief import Mischief
from tests.soak.report import MIB, Report, Sample
from tests.soak.setting import Setting

DIALECTS = {"memcached": Memcache(), "redis": Redis()}
#: Of each dialect: those who stay and those who come and go, how many, and how much they ask.
KINDS = {"stay": (16, 20, 0), "go": (8, 10, 25), "one": (8, 1, 40)}
SAMPLE_EVERY = 1.0
TELL_EVERY = 10.0
CALM = 3.0
"""Seconds without mischief at the end, for what is late."""

ENDS = ("server_eof", "server_err", "server_timedout")


class Soak:
    """
    One run.

    @ivar samples: taken so far.
    """

    def __init__(self, reactor: Any, setting: Setting, rate: float, seed: int) -> None:
        """
        @param rate: requests a second, about.
        """
        self.samples: list[Sample] = []
        self._reactor = reactor
        self._proxy = setting.proxy
        self._mischief = Mischief(reactor, setting, random.Random(seed))
        # Every client asks about as much as the depth allows on average, in as many rounds.
        asked = sum(count * (depth + 1) / 2 for count, depth, _ in KINDS.values())
        pause = len(DIALECTS) * asked / rate
        self._crowds = {
            kind: [
                Crowd(
                    reactor,
                    dialect,
                    setting.proxy.ports[kind],
                    count,
                    Habits(depth, pause, stays),
                    seed,
                    name,
                )
                for name, (count, depth, stays) in KINDS.items()
            ]
            for kind, dialect in DIALECTS.items()
        }

    async def run(self, seconds: float) -> None:
        """Do it all for so long."""
        self._begin = self._reactor.seconds()
        for crowd in self._all():
            crowd.start()
        self._mischief.start()
        loops = [(LoopingCall(self._sample), SAMPLE_EVERY), (LoopingCall(self._tell), TELL_EVERY)]
        for loop, every in loops:
            loop.clock = self._reactor
            loop.start(every, now=False)
        await deferLater(self._reactor, max(0, seconds - CALM))
        self._mischief.stop()
        await deferLater(self._reactor, CALM)
        for loop, _ in loops:
            loop.stop()
        await gatherResults([crowd.stop() for crowd in self._all()])

    def report(self, command: str, machine: dict[str, str]) -> Report:
        """What came of it."""
        stats = self._proxy.stats()
        pools = [stats[kind] for kind in DIALECTS]
        servers = [each for pool in pools for each in pool.values() if isinstance(each, dict)]
        return Report(
            command=command,
            machine=machine,
            seconds=self._reactor.seconds() - self._begin,
            samples=self.samples,
            events=self._mischief.events,
            tallies={kind: self._tally(kind) for kind in DIALECTS},
            ejections=sum(pool["server_ejects"] for pool in pools),
            ended={name: sum(each[name] for each in servers) for name in ENDS},
            tracebacks=self._proxy.log().count("Traceback"),
        )

    def _all(self) -> list[Crowd]:
        return [crowd for crowds in self._crowds.values() for crowd in crowds]

    def _tally(self, *kinds: str) -> Tally:
        total = Tally()
        for kind in kinds or DIALECTS:
            for crowd in self._crowds[kind]:
                total.add(crowd.tally)
        return total

    def _sample(self) -> None:
        tally, at = self._tally(), self._reactor.seconds() - self._begin
        memory = resident(self._proxy.pid)
        self.samples.append(Sample(at, memory, tally.requests, tally.errors.total()))

    def _tell(self) -> None:
        tally, last = self._tally(), self.samples[-1]
        before = [each for each in self.samples if each.at < last.at - TELL_EVERY + 0.5][-1:]
        begin = before[0] if before else Sample(0, 0, 0, 0)
        rate = (last.requests - begin.requests) / (last.at - begin.at)
        deeds = Counter(each.what for each in self._mischief.events)
        print(
            f"{last.at:6.0f} s  {tally.requests:,} requests, {rate:,.0f}/s;"
            f" errors {dict(tally.errors)}; connected {tally.connects}; {dict(deeds)};"
            f" RSS {last.resident / MIB:.1f} MiB; violations {len(tally.violations)}",
            flush=True,
        )
