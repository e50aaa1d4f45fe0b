"""
C{nutproxy plan}: what a change of configuration moves, before it is made.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from rich.console import RenderableType

from nuttwist.commands.arguments import addFile, addJson, addPicture, addPool, wholeNumber
from nuttwist.commands.files import chosen, poolsOf
from nuttwist.commands.keyvectors import listed, madeUp
from nuttwist.commands.mistakes import FINE, CommandError
from nuttwist.commands.moving import Moving
from nuttwist.commands.terminal import Terminal, percent, shown, tableOf
from nuttwist.config import PoolConfig

KEYS = 100000
SEED = 1


def addArguments(parser: ArgumentParser) -> None:
    addFile(parser, "old")
    addFile(parser, "new")
    addPool(parser)
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument(
        "--keys",
        type=wholeNumber(1, 10**9),
        default=KEYS,
        metavar="N",
        help=f"how many keys are made up (default {KEYS})",
    )
    keys.add_argument("--keys-file", metavar="F", help="the keys, one a line; - for standard input")
    parser.add_argument(
        "--seed",
        type=wholeNumber(0, 2**31 - 1),
        default=SEED,
        metavar="N",
        help=f"another number makes up other keys (default {SEED})",
    )
    addPicture(parser, "what each server keeps, loses and gains")
    addJson(parser)


@attrs.frozen
class Plan:
    """
    @ivar movings: for each pool in both files whose keys have servers of their own.
    @ivar byChance: pools in both whose keys have none.
    @ivar added: pools in the new file only.
    @ivar removed: pools in the old file only.
    """

    movings: Sequence[Moving]
    byChance: Sequence[str]
    added: Sequence[str]
    removed: Sequence[str]


def run(arguments: Namespace, terminal: Terminal) -> int:
    old = chosen(poolsOf(arguments.old), arguments.pool, arguments.old)
    new = chosen(poolsOf(arguments.new), arguments.pool, arguments.new)
    plan = planOf(old, new)
    _takeKeys(plan.movings, arguments, terminal)
    if arguments.png:
        from nuttwist.commands.charts import planChart, saved  # noqa: PLC0415  matplotlib is large

        saved(arguments.png, planChart([(each.new.name, each.stays()) for each in plan.movings]))
        terminal.note(f"nutproxy plan: drawn into {arguments.png}")
    if arguments.json:
        terminal.json(asJson(plan))
    else:
        terminal.show(*_parts(plan))
    return FINE


def planOf(old: Sequence[PoolConfig], new: Sequence[PoolConfig]) -> Plan:
    """Pair the pools of two files by their names."""
    before = {pool.name: pool for pool in old}
    pairs = [Moving(before.pop(pool.name), pool) for pool in new if pool.name in before]
    both = {each.new.name for each in pairs}
    return Plan(
        [each for each in pairs if not each.isByChance],
        [each.new.name for each in pairs if each.isByChance],
        [pool.name for pool in new if pool.name not in both],
        list(before),
    )


def _takeKeys(movings: Sequence[Moving], arguments: Namespace, terminal: Terminal) -> None:
    if not movings:
        return
    path = arguments.keys_file
    chunks = listed(path) if path else madeUp(arguments.keys, arguments.seed)
    total = None if path else arguments.keys
    for chunk in terminal.counted("keys", total, chunks):
        for moving in movings:
            moving.take(chunk)
    if not movings[0].keys:
        raise CommandError(f"--keys-file: {path!r} has no keys, one a line is wanted")


def _parts(plan: Plan) -> Iterator[RenderableType]:
    for number, each in enumerate(plan.movings):
        if number:
            yield ""
        share = percent(each.moved() / each.keys)
        yield shown(f"pool {each.new.name}: {each.moved()} of {each.keys} keys move, {share}")
        yield _stays(each)
        if each.moved():
            yield ""
            yield _moves(each)
    for words, names in (
        ("distribution random, so no key has a server of its own", plan.byChance),
        ("only in the new file", plan.added),
        ("only in the old file", plan.removed),
    ):
        yield from (shown(f"pool {name}: {words}") for name in names)


def _stays(moving: Moving) -> RenderableType:
    rows = (
        (
            each.server,
            each.address,
            percent(each.before / moving.keys),
            percent(each.after / moving.keys),
            each.before - each.kept,
            each.after - each.kept,
        )
        for each in moving.stays()
    )
    return tableOf(["server", "address", ">before", ">after", ">loses", ">gains"], rows)


def _moves(moving: Moving) -> RenderableType:
    rows = (
        (each.source.name, each.target.name, each.keys, percent(each.keys / moving.keys))
        for each in moving.moves()
    )
    return tableOf(["from", "to", ">keys", ">share"], rows)


def asJson(plan: Plan) -> dict[str, Any]:
    """All of a plan, counts and shares."""
    return {
        "pools": [
            {
                "pool": each.new.name,
                "keys": each.keys,
                "moved": each.moved(),
                "share": each.moved() / each.keys,
                "servers": [attrs.asdict(stay) for stay in each.stays()],
                "moves": [
                    {"from": move.source.name, "to": move.target.name, "keys": move.keys}
                    for move in each.moves()
                ],
            }
            for each in plan.movings
        ],
        "random": list(plan.byChance),
        "added": list(plan.added),
        "removed": list(plan.removed),
    }
