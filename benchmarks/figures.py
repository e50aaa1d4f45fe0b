"""From the samples of the rounds to the figures of the tables: medians and ratios. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import attrs

from benchmarks.loads import Load
from benchmarks.meter import Used


@attrs.frozen
class Sample:
    """
    One form in one round of a case.

    @ivar form: the proxy's name.
    @ivar rate: requests per second.
    @ivar p50: milliseconds, as p99 and p999.
    @ivar user: CPU microseconds per request outside the kernel.
    @ivar system: the same inside.
    @ivar writes: to the servers, per request.
    @ivar rss: the proxy's memory, in bytes, or what an idle client adds to it.
    """

    form: str
    rate: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    user: float = 0.0
    system: float = 0.0
    writes: float = 0.0
    rss: float = 0.0

    @property
    def cpu(self) -> float:
        """CPU microseconds per request."""
        return self.user + self.system


@attrs.frozen
class Ratio:
    """To the baseline of the same round: over the rounds, the median, the least, the greatest."""

    median: float
    least: float
    greatest: float


@attrs.frozen
class Figures:
    """
    One form in one case.

    @ivar typical: the median of each field over the rounds.
    @ivar cpu: the ratio of CPU per request; none if the case has no CPU.
    @ivar p99: the ratio of that latency.
    """

    typical: Sample
    cpu: Ratio | None
    p99: Ratio | None


def sampled(form: str, load: Load, used: Used, rss: int) -> Sample:
    """What one run came to."""
    each = 1e6 / load.requests
    return Sample(
        form,
        load.rate,
        load.p50,
        load.p99,
        load.p999,
        used.user * each,
        used.system * each,
        used.writes / load.requests,
        rss,
    )


def figures(rounds: Sequence[Sequence[Sample]], baseline: str) -> list[Figures]:
    """
    The figures of every form, in the order of the first round.

    @param rounds: for each round a sample of every form.
    @param baseline: the form that the others are divided by.
    """
    forms = [sample.form for sample in rounds[0]] if rounds else []
    return [_of(form, rounds, baseline) for form in forms]


def _of(form: str, rounds: Sequence[Sequence[Sample]], baseline: str) -> Figures:
    pairs = [(_named(form, each), _named(baseline, each)) for each in rounds]
    samples = [mine for mine, _ in pairs if mine is not None]
    both = [(mine, base) for mine, base in pairs if mine is not None and base is not None]
    return Figures(
        typical(samples), ratio(both, lambda each: each.cpu), ratio(both, lambda each: each.p99)
    )


def _named(form: str, samples: Sequence[Sample]) -> Sample | None:
    return next((sample for sample in samples if sample.form == form), None)


def typical(samples: Sequence[Sample]) -> Sample:
    """The median of each field by itself."""
    names = [field.name for field in attrs.fields(Sample)][1:]
    medians = {name: median(getattr(sample, name) for sample in samples) for name in names}
    return Sample(samples[0].form, **medians)


def ratio(
    pairs: Sequence[tuple[Sample, Sample]], measure: Callable[[Sample], float]
) -> Ratio | None:
    """A measure's ratio within each round; none where the baseline has none of it."""
    ratios = [measure(mine) / measure(base) for mine, base in pairs if measure(base)]
    return Ratio(median(ratios), min(ratios), max(ratios)) if ratios else None
