"""
The pictures of plan, ring and bench. They need matplotlib, of the extra C{charts}.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, tau
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuttwist.commands.holding import Holding
from nuttwist.commands.mistakes import CommandError
from nuttwist.commands.moving import Stay
from nuttwist.commands.terminal import percent, shown
from nuttwist.ring.survey import CIRCLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MISSING = "--png needs matplotlib, which is not installed; pip install 'nuttwist[charts]' brings it"

#: Told apart by people who see few colours; after the last they begin anew.
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#222255")

Arc = tuple[int, int, int]


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  an optional package
    except ImportError:
        raise CommandError(MISSING) from None
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def saved(path: str, figure: Figure) -> None:
    """
    Write a picture.

    @raise CommandError: If the file cannot be written.
    """
    try:
        figure.savefig(Path(path), format="png", bbox_inches="tight")
    except OSError as error:
        raise CommandError(f"--png: cannot write {path!r}: {error.strerror}") from None


def ringChart(rings: Sequence[tuple[str, Sequence[Holding], Sequence[Arc]]]) -> Figure:
    """
    Draw the ring of each pool, with the share of each server.

    @param rings: the name, the servers and the arcs of each pool; a pool without arcs is drawn
        as one arc a server.
    """
    figure = _figure(7, 5 * len(rings))
    for number, (name, servers, arcs) in enumerate(rings, 1):
        axes: Any = figure.add_subplot(len(rings), 1, number, projection="polar")
        _drawRing(axes, arcs or _blocks(servers))
        for index, each in enumerate(servers):
            label = f"{_plain(each.server)}  {percent(each.share)}"
            axes.bar(0, 0, color=_colour(index), label=label)
        axes.set_title(_plain(name))
        axes.legend(loc="center left", bbox_to_anchor=(1.05, 0.5), frameon=False)
    return figure


def _drawRing(axes: Any, arcs: Sequence[Arc]) -> None:
    axes.bar(
        [tau * begin / CIRCLE for _, begin, _ in arcs],
        [1.0] * len(arcs),
        width=[tau * width / CIRCLE for *_, width in arcs],
        bottom=2.0,
        align="edge",
        color=[_colour(owner) for owner, *_ in arcs],
    )
    axes.set_theta_offset(pi / 2)
    axes.set_theta_direction(-1)
    axes.set_axis_off()


def _blocks(servers: Sequence[Holding]) -> list[Arc]:
    blocks, begin = [], 0
    for index, each in enumerate(servers):
        width = round(each.share * CIRCLE)
        blocks.append((index, begin, width))
        begin += width
    return blocks


def planChart(pools: Sequence[tuple[str, Sequence[Stay]]]) -> Figure:
    """Draw what each server keeps, loses and gains, a panel a pool."""
    rows = sum(len(stays) + 2 for _, stays in pools)
    figure = _figure(8, max(2.0, 0.45 * rows))
    for number, (name, stays) in enumerate(pools, 1):
        axes: Any = figure.add_subplot(len(pools), 1, number)
        _drawStays(axes, stays)
        axes.set_title(_plain(name))
        if number == 1:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return figure


def _drawStays(axes: Any, stays: Sequence[Stay]) -> None:
    places = range(len(stays))
    kept = [each.kept for each in stays]
    gains = [each.after - each.kept for each in stays]
    axes.barh(places, kept, color=COLOURS[0], label="keeps")
    axes.barh(places, gains, left=kept, color=COLOURS[2], label="gains")
    axes.barh(places, [each.kept - each.before for each in stays], color=COLOURS[1], label="loses")
    axes.set_yticks(places, [_plain(each.server) for each in stays])
    axes.axvline(0, color="#222", lw=0.8)
    axes.invert_yaxis()
    axes.margins(x=0.05)
    axes.set_xlabel("keys")


def latencyChart(title: str, curve: Sequence[tuple[float, float]]) -> Figure:
    """
    Draw how many of the requests took longer than what.

    @param curve: latencies in seconds, ascending, each with the share of requests up to it.
    """
    figure = _figure(8, 4.5)
    axes: Any = figure.add_subplot()
    times = [1000 * seconds for seconds, _ in curve]
    axes.step(times, [max(1 - share, 1e-9) for _, share in curve], where="post", color=COLOURS[0])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=1e-5, top=1)
    for slow, word in ((0.5, "p50"), (0.01, "p99"), (0.001, "p99.9")):
        axes.axhline(slow, color="#bbb", lw=0.8)
        axes.annotate(word, (1, slow), xycoords=("axes fraction", "data"), ha="left", va="center")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("share of requests that took longer")
    axes.set_title(_plain(title))
    return figure


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _plain(text: str) -> str:
    # A dollar sign would begin a formula.
    return shown(text).replace("$", r"\$")
