"""Draws a run. Needs matplotlib."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl

from tests.soak.report import MIB, Report, Sample

COLOURS = {"killed": "#cc3311", "held": "#ee7733", "restarted": "#0077bb", "reloaded": "#009988"}


def draw(report: Report, path: Path) -> None:
    """
    Write the chart: memory with marks for what was done, and requests a second.

    @param path: of a PNG file.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  (after the choice of the backend)

    figure, (memory, rate) = plt.subplots(2, 1, sharex=True, figsize=(10, 6), dpi=110)
    _drawMemory(memory, report)
    _drawRate(rate, report.samples)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def _drawMemory(axes: Any, report: Report) -> None:
    minutes = [each.at / 60 for each in report.samples]
    sizes = [each.resident / MIB for each in report.samples]
    axes.plot(minutes, sizes, color="#222222", lw=1.5, label="memory")
    for row, (what, colour) in enumerate(COLOURS.items()):
        times = [each.at / 60 for each in report.events if each.what == what]
        low, high = 0.02 + 0.05 * row, 0.06 + 0.05 * row
        axes.vlines(
            times, low, high, color=colour, lw=1, label=what, transform=axes.get_xaxis_transform()
        )
    axes.set_ylim(0, 1.3 * max(sizes, default=1))
    axes.set_ylabel("proxy's RSS, MiB")
    axes.legend(fontsize=8, ncols=5, loc="upper left")
    axes.grid(alpha=0.3)


def _drawRate(axes: Any, samples: list[Sample]) -> None:
    pairs = list(pairwise(samples))
    minutes = [late.at / 60 for _, late in pairs]
    for name, colour, label in (
        ("requests", "#4477aa", "requests"),
        ("errors", "#cc3311", "replies that are errors"),
    ):
        values = [
            (getattr(late, name) - getattr(early, name)) / (late.at - early.at)
            for early, late in pairs
        ]
        axes.plot(minutes, values, color=colour, lw=1, label=label)
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    axes.set_ylabel("a second")
    axes.set_xlabel("minutes")
    axes.legend(fontsize=8, ncols=2, loc="upper left")
    axes.grid(alpha=0.3)
