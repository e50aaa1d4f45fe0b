"""
What one process has seen of a pool, as plain values: they go as JSON from workers to the parent,
and those of several processes can be added up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from nuttwist.distributor import Distributor
from nuttwist.distributor.server import Server
from nuttwist.wire.sampler import PoolSampler
from nuttwist.wire.samples import BOUNDS, Histogram, TopKeys, topOf
from nuttwist.wire.sights import Shown, SlowRequest

#: The lists of top keys, by what counts in them.
RANKINGS = ("requests", "bytes", "misses")

LIVE, EJECTED, OUT = "live", "ejected", "out"

#: Slow requests of a worker that has ended which are kept, at most.
KEPT = 128


def _noCounts() -> list[int]:
    return [0] * (len(BOUNDS) + 1)


@attrs.frozen
class Timing:
    """
    A histogram; see L{Histogram}.
    """

    counts: list[int] = attrs.field(factory=_noCounts)
    total: float = 0.0

    def plus(self, other: Timing) -> Timing:
        """
        Both together.
        """
        return timingOf(_sum(Histogram(self.counts, self.total), other))


def _sum(one: Histogram, other: Timing) -> Histogram:
    one.absorb(Histogram(other.counts, other.total))
    return one


def timingOf(histogram: Histogram) -> Timing:
    """
    A histogram as it is at this moment.
    """
    return Timing(list(histogram.counts), histogram.total)


@attrs.frozen
class Ranking:
    """
    Top keys, the greatest first, with estimate and error; see L{TopKeys}.
    """

    weight: int = 0
    keys: list[tuple[str, int, int]] = attrs.field(factory=list)


@attrs.frozen
class Standing:
    """
    How a server stands.

    @ivar state: L{LIVE}, L{EJECTED} or L{OUT}.
    @ivar since: when it went out, in seconds since 1970; L{None} unless it is out.
    @ivar until: when it is to be asked whether it is well; L{None} if it is not to be.
    @ivar failures: in a row.
    @ivar trouble: when a connection was last lost or not to be had, and why.
    """

    state: str = LIVE
    since: float | None = None
    until: float | None = None
    failures: int = 0
    trouble: tuple[float, str] | None = None


@attrs.frozen
class Observed:
    """
    What was seen of a pool.

    @ivar servers: latency by server.
    @ivar commands: latency of samples by command.
    @ivar failures: server or L{None}, reason, how many.
    @ivar slow: the fields of the slow log, oldest first.
    """

    name: str
    latency: Timing = attrs.field(factory=Timing)
    standings: dict[str, Standing] = attrs.field(factory=dict)
    samples: int = 0
    servers: dict[str, Timing] = attrs.field(factory=dict)
    commands: dict[str, Timing] = attrs.field(factory=dict)
    failures: list[tuple[str | None, str, int]] = attrs.field(factory=list)
    rankings: dict[str, Ranking] = attrs.field(factory=dict)
    slow: list[dict[str, Any]] = attrs.field(factory=list)


# -- from a process


def standingOf(distributor: Distributor, server: Server) -> Standing:
    """
    How a server stands at this moment.
    """
    ledger, name = distributor.ledger, server.config.name
    if ledger.isLive(name):
        return Standing(failures=ledger.failures(name), trouble=server.trouble)
    until = ledger.until(name)
    return Standing(
        OUT if ledger.isByHand(name) else EJECTED,
        distributor.standing.since.get(name),
        None if until is None else time.time() + until - distributor.seconds(),
        0,
        server.trouble,
    )


def observe(name: str, distributor: Distributor, sampler: PoolSampler, *, deep: bool) -> Observed:
    """
    What was seen up to this moment.

    @param deep: all of it; otherwise what changes from second to second.
    """
    standings = {each.config.name: standingOf(distributor, each) for each in distributor.servers}
    seen = Observed(name, timingOf(sampler.latency), standings, sampler.samples)
    if not deep:
        return seen
    return attrs.evolve(
        seen,
        servers=_timings(sampler.servers),
        commands=_timings(sampler.commands),
        failures=[(*cell, count) for cell, count in sampler.failures.items()],
        rankings={each: _ranking(getattr(sampler, each), sampler.show) for each in RANKINGS},
        slow=[slowFields(each, sampler.show) for each in sampler.slow],
    )


def _timings(histograms: Mapping[str, Histogram]) -> dict[str, Timing]:
    return {name: timingOf(each) for name, each in histograms.items()}


def _ranking(keys: TopKeys, show: Shown) -> Ranking:
    return Ranking(keys.weight, [(show(key), count, error) for key, count, error in keys.top()])


def slowFields(slow: SlowRequest, show: Shown) -> dict[str, Any]:
    """
    A line of the slow log as people are to see it.
    """
    return {
        "time": slow.time,
        "server": slow.server,
        "command": slow.command,
        "key": None if slow.key is None else show(slow.key),
        "bytes": slow.size,
        "reply_bytes": slow.replySize,
        "queued": slow.queued,
        "server_time": slow.atServer,
        "total": slow.total,
        "error": slow.error,
    }


# -- of several processes


def together(everything: Iterable[Observed]) -> dict[str, Observed]:
    """
    Add up what several processes have seen, by pool.
    """
    merged: dict[str, Observed] = {}
    for each in everything:
        known = merged.get(each.name)
        merged[each.name] = each if known is None else _both(known, each)
    return merged


def past(seen: Observed) -> Observed:
    """
    What is left of a process that has ended: all but how servers stood.
    """
    return attrs.evolve(seen, standings={}, slow=seen.slow[-KEPT:])


def _both(one: Observed, other: Observed) -> Observed:
    names = [*one.standings, *(each for each in other.standings if each not in one.standings)]
    return Observed(
        one.name,
        one.latency.plus(other.latency),
        {name: _worse(one.standings.get(name), other.standings.get(name)) for name in names},
        one.samples + other.samples,
        _summed(one.servers, other.servers),
        _summed(one.commands, other.commands),
        _counted([*one.failures, *other.failures]),
        _ranked(one.rankings, other.rankings),
        sorted([*one.slow, *other.slow], key=lambda each: float(each["time"])),
    )


def _worse(one: Standing | None, other: Standing | None) -> Standing:
    # Who is out is out for all; two that differ for a moment show the one that tells more.
    known = [each for each in (one, other) if each is not None]
    worst = max(known, key=lambda each: (LIVE, EJECTED, OUT).index(each.state))
    troubles = [each.trouble for each in known if each.trouble is not None]
    return attrs.evolve(
        worst,
        failures=max(each.failures for each in known),
        trouble=max(troubles, key=lambda each: each[0], default=None),
    )


def _summed(one: Mapping[str, Timing], other: Mapping[str, Timing]) -> dict[str, Timing]:
    return {
        name: one.get(name, Timing()).plus(other.get(name, Timing())) for name in {**one, **other}
    }


def _counted(
    failures: Iterable[tuple[str | None, str, int]],
) -> list[tuple[str | None, str, int]]:
    counts: dict[tuple[str | None, str], int] = {}
    for server, reason, count in failures:
        counts[server, reason] = counts.get((server, reason), 0) + count
    return [(*cell, count) for cell, count in counts.items()]


def _ranked(one: Mapping[str, Ranking], other: Mapping[str, Ranking]) -> dict[str, Ranking]:
    return {
        name: Ranking(
            one.get(name, Ranking()).weight + other.get(name, Ranking()).weight,
            topOf([one.get(name, Ranking()).keys, other.get(name, Ranking()).keys]),
        )
        for name in {**one, **other}
    }
