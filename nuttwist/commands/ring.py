"""
C{nutproxy ring}: how much of the keys each server has, as a table or drawn.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

import attrs

from nuttwist.commands.arguments import addFile, addJson, addPicture, addPool
from nuttwist.commands.files import chosen, poolsOf, surveyOf
from nuttwist.commands.holding import holdings
from nuttwist.commands.mistakes import FINE
from nuttwist.commands.terminal import Terminal, percent, shown, tableOf
from nuttwist.config import PoolConfig


def addArguments(parser: ArgumentParser) -> None:
    addFile(parser)
    addPool(parser)
    addPicture(parser, "the ring of each pool")
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    pools = chosen(poolsOf(arguments.file), arguments.pool, arguments.file)
    if arguments.png:
        from nuttwist.commands.charts import ringChart, saved  # noqa: PLC0415  matplotlib is large

        rings = [(pool.name, holdings(pool), surveyOf(pool).arcs()) for pool in pools]
        saved(arguments.png, ringChart(rings))
        terminal.note(f"nutproxy ring: drawn into {arguments.png}")
    if arguments.json:
        terminal.json({"pools": [_asJson(pool) for pool in pools]})
    elif not arguments.png:
        _show(pools, terminal)
    return FINE


def _show(pools: Sequence[PoolConfig], terminal: Terminal) -> None:
    for number, pool in enumerate(pools):
        head = shown(f"pool {pool.name}: {pool.distribution}, {pool.hash}")
        titles = ["server", "address", ">weight", ">points", ">share of keys", ">by weight"]
        rows = (
            (
                each.server,
                each.address,
                each.weight,
                "-" if each.points is None else each.points,
                percent(each.share),
                percent(each.fair),
            )
            for each in holdings(pool)
        )
        terminal.show(*([""] if number else []), head, tableOf(titles, rows))


def _asJson(pool: PoolConfig) -> dict[str, Any]:
    return {
        "pool": pool.name,
        "distribution": pool.distribution,
        "hash": pool.hash,
        "servers": [attrs.asdict(each) for each in holdings(pool)],
    }
