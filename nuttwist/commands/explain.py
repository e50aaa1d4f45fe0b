"""
C{nutproxy explain}: which server has a key, why, and who would have it next.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from nuttwist.commands.arguments import addFile, addJson, addPool, wholeNumber
from nuttwist.commands.files import chosen, poolsOf, surveyOf
from nuttwist.commands.mistakes import FINE
from nuttwist.commands.terminal import Terminal, shown, tableOf
from nuttwist.config import PoolConfig
from nuttwist.ring.survey import Way

HEIRS = 2


def addArguments(parser: ArgumentParser) -> None:
    addFile(parser)
    parser.add_argument("keys", metavar="KEY", nargs="+", help="what clients ask for")
    addPool(parser)
    parser.add_argument(
        "--heirs",
        type=wholeNumber(0, 1000),
        default=HEIRS,
        metavar="N",
        help=f"how many of the next servers are told (default {HEIRS})",
    )
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    keys = [os.fsencode(key) for key in arguments.keys]
    pools = chosen(poolsOf(arguments.file), arguments.pool, arguments.file)
    told = [(pool, _ways(pool, keys, arguments.heirs)) for pool in pools]
    if arguments.json:
        terminal.json({"pools": [_asJson(pool, ways) for pool, ways in told]})
        return FINE
    for number, (pool, ways) in enumerate(told):
        terminal.show(*([""] if number else []), _headline(pool), takesOver(pool))
        titles = ["key", "hashed", ">hash", ">point", "server", "address"]
        titles += ["then"] * _heirs(pool, arguments.heirs)
        terminal.show(tableOf(titles, ([*_row(pool, *way)] for way in ways)))
    return FINE


Ways = Sequence[tuple[bytes, Way]]


def _ways(pool: PoolConfig, keys: Sequence[bytes], heirs: int) -> Ways:
    survey = surveyOf(pool)
    most = _heirs(pool, heirs)
    return [(key, survey.way(key, most)) for key in keys]


def _heirs(pool: PoolConfig, most: int) -> int:
    """How many servers of the pool itself may follow."""
    return 0 if pool.on_failure in ("fail", "backup") else min(most, len(pool.servers) - 1)


def _headline(pool: PoolConfig) -> str:
    tag = f", hash tag {shown(pool.hash_tag)}" if pool.hash_tag is not None else ""
    return shown(f"pool {pool.name}: {pool.distribution}, {pool.hash}{tag}")


def takesOver(pool: PoolConfig) -> str:
    """Say what becomes of the keys of a server that fails."""
    failures = max(pool.server_failure_limit, 1)
    after = f"after {failures} failure{'' if failures == 1 else 's'} in a row"
    if pool.backup is not None:
        return shown(f"{after} pool {pool.backup} takes over")
    if pool.on_failure == "fail":
        return f"{after} its keys are answered with errors, nobody takes over"
    if len(pool.servers) == 1:
        return "one server, so nobody takes over"
    if pool.distribution == "random":
        return "each request goes to any server"
    if not pool.auto_eject_hosts:
        return "auto_eject_hosts is false, so nobody takes over"
    return f"{after} the next takes over"


def _row(pool: PoolConfig, key: bytes, way: Way) -> Iterator[str]:
    server = None if way.server is None else pool.servers[way.server]
    yield shown(key)
    yield shown(way.hashed)
    yield "-" if way.hash is None else str(way.hash)
    yield "-" if way.point is None else str(way.point)
    yield server.name if server else "any"
    yield server.address if server else "-"
    yield from (pool.servers[heir].name for heir in way.heirs)


def _asJson(pool: PoolConfig, ways: Ways) -> dict[str, Any]:
    return {
        "pool": pool.name,
        "distribution": pool.distribution,
        "hash": pool.hash,
        "hash_tag": None if pool.hash_tag is None else pool.hash_tag.decode("latin-1"),
        "auto_eject_hosts": pool.auto_eject_hosts,
        "on_failure": pool.on_failure,
        "backup": pool.backup,
        "keys": [
            {
                "key": key.decode("utf-8", "surrogateescape"),
                "hashed": way.hashed.decode("utf-8", "surrogateescape"),
                "hash": way.hash,
                "point": way.point,
                "server": None if way.server is None else _place(pool, way.server),
                "then": [_place(pool, heir) for heir in way.heirs],
            }
            for key, way in ways
        ],
    }


def _place(pool: PoolConfig, index: int) -> dict[str, str]:
    server = pool.servers[index]
    return {"name": server.name, "address": server.address}
