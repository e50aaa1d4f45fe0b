"""
C{nutproxy bench}: a quick load, with every reply checked and the generator's own share told.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from nuttwist.commands.arguments import addJson, addPicture, number, place, wholeNumber, written
from nuttwist.commands.load import Load, Measure, troubles
from nuttwist.commands.mistakes import FINE, NO
from nuttwist.commands.terminal import Terminal, shown
from nuttwist.commands.workload import MEMCACHED, REDIS, Workload

BUSY = 0.85
"""The share of the time above which the generator, if it is busy so long, is what is slow."""

_QUANTILES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))

_NUMBERS: tuple[tuple[str, Any, Any, str, str], ...] = (
    ("--clients", wholeNumber(1, 10000), 50, "N", "connections at one time"),
    ("--depth", wholeNumber(1, 1000), 1, "N", "requests that each has outstanding"),
    ("--seconds", number(0.1, 86400), 5.0, "S", "how long it goes on"),
    ("--size", wholeNumber(1, 1000000), 100, "BYTES", "bytes of each value"),
    ("--ratio", number(0, 1), 0.9, "R", "share of requests that read"),
)
"""Option, kind, default, placeholder and meaning."""


def addArguments(parser: ArgumentParser) -> None:
    parser.add_argument("place", metavar="HOST:PORT", type=place, help="a pool, or a server itself")
    parser.add_argument("--redis", action="store_true", help="speak redis, not memcached")
    for name, kind, default, metavar, about in _NUMBERS:
        text = f"{about} (default {default:g})"
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=text)
    addPicture(parser, "the latencies")
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    workload = Workload(REDIS if arguments.redis else MEMCACHED, arguments.size, arguments.ratio)
    found = _measured(arguments, workload, terminal)
    if arguments.png:
        from nuttwist.commands.charts import latencyChart, saved  # noqa: PLC0415  matplotlib

        saved(arguments.png, latencyChart(_title(arguments), found.tally.latencies.curve()))
        terminal.note(f"nutproxy bench: drawn into {arguments.png}")
    if arguments.json:
        terminal.json(asJson(found))
    else:
        terminal.show(_title(arguments), *(shown(line) for line in lines(found)))
    return FINE if found.tally.isClean() else NO


def _measured(arguments: Namespace, workload: Workload, terminal: Terminal) -> Measure:
    load = Load(arguments.place)
    load.fill(workload)
    with terminal.progress("load", arguments.seconds) as bar:
        task = bar.task_ids[0]
        return load.measure(
            workload,
            arguments.clients,
            arguments.depth,
            arguments.seconds,
            lambda passed: bar.update(task, completed=round(passed, 1)),
        )


def _title(arguments: Namespace) -> str:
    speech = "redis" if arguments.redis else "memcached"
    load = f"{arguments.clients} clients, {arguments.depth} at a time"
    values = f"{arguments.size}-byte values, {arguments.ratio:.0%} reads"
    return f"{written(arguments.place)} {speech}: {load}, {values}, {arguments.seconds:g} s"


def lines(found: Measure) -> Iterator[str]:
    """A measurement for people."""
    tally, times = found.tally, found.tally.latencies
    slow = [f"{name} {1000 * times.quantile(share):.2f} ms" for name, share in _QUANTILES]
    yield f"requests/s  {found.rate:.0f}"
    yield f"latency     {', '.join(slow)}, longest {1000 * times.longest:.2f} ms"
    yield f"replies     {tally.good} as they should be, {tally.misses} misses; all were compared"
    bad = list(troubles(tally))
    yield f"errors      {bad[0] if bad else 'none'}"
    yield from (f"            {each}" for each in bad[1:])
    used = f"used {found.share:.0%} of one processor and waited {found.waiting:.0%} of the time"
    yield f"generator   Python, {used}: {verdict(found)}"


def verdict(found: Measure) -> str:
    """Whose limit it is."""
    if 1 - found.waiting >= BUSY:
        return "the limit is the generator's, the server can do more"
    return "the limit is the server's or the number of clients"


def asJson(found: Measure) -> dict[str, Any]:
    """A measurement for programs; times are in seconds."""
    tally, times = found.tally, found.tally.latencies
    return {
        "seconds": found.seconds,
        "requests_per_second": found.rate,
        "latency": {
            **{name: times.quantile(share) for name, share in _QUANTILES},
            "longest": times.longest,
        },
        "replies": times.count,
        "good": tally.good,
        "misses": tally.misses,
        "errors": dict(tally.errors),
        "wrong": len(tally.wrong),
        "lost": sum(tally.lost.values()),
        "unanswered": tally.unanswered,
        "generator": {
            "cpu_share": found.share,
            "waiting_share": found.waiting,
            "limit": verdict(found),
        },
    }
