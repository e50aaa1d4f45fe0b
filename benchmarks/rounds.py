"""One case: its servers and every form of proxy run side by side and are driven in turn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import attrs

from benchmarks.cases import Case
from benchmarks.figures import Sample, sampled
from benchmarks.idle import bytesPerClient
from benchmarks.loads import Amount, Driver, Mcload, RedisBenchmark, prepared
from benchmarks.meter import read, resident
from benchmarks.proxies import Form, Proxy, proxying
from benchmarks.redisfill import fill
from benchmarks.servers import serving

#: How much of a run's time or requests each proxy gets before the first round.
WARM_SHARE = 0.25
#: Requests of redis-benchmark's run that tells how many fit in a second.
PROBE = 5_000
#: What a client leaves in memory does not vary, and each measurement needs a fresh proxy.
IDLE_ROUNDS = 2


@attrs.frozen
class Bench:
    """
    @ivar forms: what is compared.
    @ivar folder: takes configurations and logs.
    @ivar mcload: the compiled load program.
    @ivar amount: of load, for each form in each round.
    @ivar rounds: how many.
    @ivar say: is told the progress.
    """

    forms: list[Form]
    folder: Path
    mcload: Path
    amount: Amount
    rounds: int
    say: Callable[[str], object]

    def run(self, case: Case) -> list[list[Sample]]:
        """
        Measure a case.

        @return: for each round a sample of every form.
        """
        with serving(case, self.folder) as servers:
            if case.kind == "idle":
                return [self._idle(case, servers) for _ in range(min(self.rounds, IDLE_ROUNDS))]
            return self._loaded(case, servers)

    def _idle(self, case: Case, servers: list[int]) -> list[Sample]:
        return [self._idleSample(form, case, servers) for form in self.forms]

    def _idleSample(self, form: Form, case: Case, servers: list[int]) -> Sample:
        with proxying(form, case, servers, self.folder) as proxy:
            held = bytesPerClient(proxy.pid, proxy.port, case.clients)
        self.say(f"  {form.name}: {held:.0f} bytes a client")
        return Sample(form.name, rss=held)

    def _loaded(self, case: Case, servers: list[int]) -> list[list[Sample]]:
        with ExitStack() as stack:
            proxies = [
                stack.enter_context(proxying(form, case, servers, self.folder))
                for form in self.forms
            ]
            amounts = {proxy.form: self._warm(case, proxy) for proxy in proxies}
            return [
                [self._sample(case, each, servers, amounts[each.form]) for each in proxies]
                for _ in range(self.rounds)
            ]

    def _sample(self, case: Case, proxy: Proxy, servers: list[int], amount: Amount) -> Sample:
        driver = self._driver(case, proxy.port, amount)
        with prepared(driver):
            before = read(proxy.pid, servers)
            load = driver.run()
            used = read(proxy.pid, servers).since(before)
            sample = sampled(proxy.form.name, load, used, resident(proxy.pid))
        self.say(f"  {sample.form}: {sample.rate:.0f}/s, {sample.cpu:.2f} us")
        return sample

    def _driver(self, case: Case, port: int, amount: Amount) -> Driver:
        if case.kind == "redis":
            assert amount.requests is not None
            return RedisBenchmark(case, port, amount.requests)
        return Mcload(self.mcload, case, port, amount)

    def _warm(self, case: Case, proxy: Proxy) -> Amount:
        """Store the keys, drive the proxy for a while, and say how much load to measure with."""
        if case.kind == "redis":
            fill(case, proxy.port)
            probe = RedisBenchmark(case, proxy.port, PROBE).run()
            wanted = self.amount.requests or int(probe.rate * self.amount.seconds)
            RedisBenchmark(case, proxy.port, max(1, int(wanted * WARM_SHARE))).run()
            return Amount(self.amount.seconds, wanted)
        part = self.amount.requests and max(1, int(self.amount.requests * WARM_SHARE))
        warming = Amount(self.amount.seconds * WARM_SHARE, part)
        with prepared(Mcload(self.mcload, case, proxy.port, warming, fill=True)) as driver:
            driver.run()
        return self.amount
