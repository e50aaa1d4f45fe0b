"""The figures as PNG charts. Needs matplotlib, of the extra C{bench}."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.figures import Figures
from benchmarks.results import Report

COLOURS = {"twemproxy": "#8a8a8a", "pure": "#4477aa", "compiled": "#228833", "workers": "#cc6677"}
RATIOS = "benchmarks-ratios.png"
CPU = "benchmarks-cpu.png"
#: What each chart shows, for those who do not see it.
ABOUT = {RATIOS: "CPU per request, relative to twemproxy", CPU: "CPU microseconds per request"}
BAR = 0.8


def draw(report: Report, baseline: str, folder: Path) -> dict[str, str]:
    """
    Write the charts.

    @return: their file names and what they show, none if matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  (an optional package)
    except ImportError:
        return {}
    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    cases = {
        result.case.about: {each.typical.form: each for each in result.figures(baseline)}
        for result in report.results
        if result.case.kind != "idle"
    }
    if not cases:
        return {}
    _drawRatios(cases, baseline, folder / RATIOS)
    _drawCpu(cases, folder / CPU)
    return ABOUT


Cases = dict[str, dict[str, Figures]]


def _drawRatios(cases: Cases, baseline: str, path: Path) -> None:
    figure, axes = _axes(cases)
    for form, offsets, height in _places(cases, skip=baseline):
        known = [
            (y, each)
            for y, each in zip(offsets, (cases[about][form].cpu for about in cases), strict=True)
            if each
        ]
        rows, middles = [y for y, _ in known], [each.median for _, each in known]
        axes.barh(rows, middles, height, label=form, color=COLOURS[form])
        below = [each.median - each.least for _, each in known]
        above = [each.greatest - each.median for _, each in known]
        axes.errorbar(middles, rows, xerr=[below, above], fmt="none", ecolor="#222", lw=0.8)
    axes.axvline(1, color="#222", lw=1)
    axes.set_xlabel(f"CPU per request, {baseline} in the same round = 1; median, least, greatest")
    _finish(figure, axes, path)


def _drawCpu(cases: Cases, path: Path) -> None:
    figure, axes = _axes(cases)
    for form, offsets, height in _places(cases, skip=None):
        typical = [cases[about][form].typical for about in cases]
        axes.barh(offsets, [each.cpu for each in typical], height, label=form, color=COLOURS[form])
    axes.set_xscale("log")
    axes.set_xlabel("CPU microseconds per request (logarithmic)")
    _finish(figure, axes, path)


def _axes(cases: Cases) -> tuple[Any, Any]:
    from matplotlib import pyplot as plt  # noqa: PLC0415  (an optional package)

    figure, axes = plt.subplots(figsize=(9, 1 + 0.6 * len(cases)), dpi=110)
    axes.set_yticks(range(len(cases)), list(cases))
    axes.invert_yaxis()
    return figure, axes


def _places(cases: Cases, skip: str | None) -> list[tuple[str, list[float], float]]:
    """Each form with where its bars are, and their height."""
    forms = [form for form in next(iter(cases.values())) if form != skip]
    height = BAR / max(1, len(forms))
    first = (height - BAR) / 2
    return [
        (form, [row + first + index * height for row in range(len(cases))], height)
        for index, form in enumerate(forms)
    ]


def _finish(figure: Any, axes: Any, path: Path) -> None:
    axes.margins(y=0.01)
    axes.legend(fontsize=8)
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)
