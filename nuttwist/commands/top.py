"""
C{nutproxy top}: what a proxy does at the moment, from its statistics port.
"""

from __future__ import annotations

import re
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import attrs
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from nuttwist.commands.arguments import Place, addJson, addPlace, number
from nuttwist.commands.mistakes import FINE, CommandError
from nuttwist.commands.rates import PoolRate, ServerRate, ratesBetween
from nuttwist.commands.statsport import (
    DEFAULT,
    STATSPORT,
    Document,
    Reading,
    fetch,
    headline,
    readingOf,
)
from nuttwist.commands.terminal import Terminal, shown, tableOf

INTERVAL = 1.0

STALE = "nutcracker's counters are up to two of its intervals (-i) old"


def addArguments(parser: ArgumentParser) -> None:
    addPlace(parser, STATSPORT, DEFAULT)
    parser.add_argument(
        "--interval",
        type=number(0.05, 3600),
        default=INTERVAL,
        metavar="S",
        help=f"seconds between two readings (default {INTERVAL:g})",
    )
    parser.add_argument("--once", action="store_true", help="one frame, after one interval")
    addJson(parser)


@attrs.frozen
class Frame:
    """
    What is seen at one time.

    @ivar trouble: why there is no newer reading, empty if there is one.
    """

    reading: Reading
    pools: Sequence[PoolRate]
    trouble: str = ""


def run(arguments: Namespace, terminal: Terminal) -> int:
    found = frames(lambda: fetch(arguments.place), arguments.interval, time.monotonic, time.sleep)
    wanted = _first(found) if arguments.once else found
    # Control-C is how it is ended.
    with suppress(KeyboardInterrupt):
        if arguments.json:
            for frame in wanted:
                terminal.json(_asJson(frame))
        elif terminal.answers.is_terminal and not arguments.once:
            _live(wanted, arguments.place, terminal)
        else:
            for frame in wanted:
                terminal.show(*parts(frame, arguments.place))
    return FINE


def _first(found: Iterator[Frame]) -> Iterator[Frame]:
    frame = next(found)
    if frame.trouble:
        raise CommandError(frame.trouble)
    yield frame


def frames(
    ask: Callable[[], Document],
    interval: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[Frame]:
    """
    Ask again and again.

    @param ask: gets the counters.
    @param interval: seconds.
    @raise CommandError: If the first reading fails; later ones are waited for.
    """
    before = readingOf(ask(), clock())
    while True:
        sleep(interval)
        try:
            after = readingOf(ask(), clock())
        except CommandError as error:
            yield Frame(before, (), str(error))
            continue
        yield Frame(after, ratesBetween(before, after))
        before = after


def parts(frame: Frame, place: Place) -> Iterator[RenderableType]:
    """A frame as lines and tables."""
    yield shown(headline(frame.reading, place))
    if frame.reading.service == "nutcracker":
        yield STALE
    if frame.trouble:
        yield shown(frame.trouble)
    titles = [">clients", ">requests/s", ">replies/s", ">errors", ">client errors", ">ejected"]
    yield ""
    yield tableOf(["pool", *titles], (_poolRow(each) for each in frame.pools))
    yield ""
    titles = [">conns", ">requests/s", ">replies/s", ">out/s", ">in/s", ">in_queue", ">out_queue"]
    yield tableOf(
        ["pool", "server", *titles, ">ended", ">ejected ago"],
        (_serverRow(each) for pool in frame.pools for each in pool.servers),
    )


def _poolRow(each: PoolRate) -> Sequence[object]:
    rates = f"{each.requests:.0f}", f"{each.replies:.0f}"
    return each.pool, each.clients, *rates, each.errors, each.clientErrors, each.ejects


def _serverRow(each: ServerRate) -> Sequence[object]:
    rates = f"{each.requests:.0f}", f"{each.replies:.0f}"
    sizes = bytesText(each.bytesOut), bytesText(each.bytesIn)
    queues = each.inQueue, each.outQueue
    end = each.errors, each.ejectedAgo
    return each.pool, each.server, each.connections, *rates, *sizes, *queues, *end


def bytesText(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _live(found: Iterator[Frame], place: Place, terminal: Terminal) -> None:
    with Live(console=terminal.answers, screen=True, auto_refresh=False) as live:
        live.update(Text("..."), refresh=True)
        for frame in found:
            lines = (Text(each) if isinstance(each, str) else each for each in parts(frame, place))
            live.update(Group(*lines), refresh=True)


def _asJson(frame: Frame) -> dict[str, Any]:
    return {
        "service": frame.reading.service,
        "uptime": frame.reading.uptime,
        "timestamp": frame.reading.timestamp,
        "trouble": frame.trouble,
        "pools": _snakes([attrs.asdict(each) for each in frame.pools]),
    }


def _snakes(value: Any) -> Any:
    """Names as in the statistics: C{in_queue}, not C{inQueue}."""
    if isinstance(value, (list, tuple)):
        return [_snakes(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = {name: re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in value}
    return {names[name]: _snakes(each) for name, each in value.items()}
