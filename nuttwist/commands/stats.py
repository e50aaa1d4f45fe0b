"""
C{nutproxy stats}: what a statistics port says, in tables.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

from nuttwist.commands.arguments import addJson, addPlace
from nuttwist.commands.mistakes import FINE
from nuttwist.commands.statsport import (
    DEFAULT,
    STATSPORT,
    Reading,
    ejectedAgo,
    fetch,
    headline,
    readingOf,
)
from nuttwist.commands.terminal import Terminal, shown, tableOf

_POOL = {
    ">clients": "client_connections",
    ">client eof": "client_eof",
    ">client err": "client_err",
    ">forward error": "forward_error",
    ">fragments": "fragments",
    ">ejects": "server_ejects",
}
"""The columns of the pools, and their counters."""

_SERVER = {
    ">conns": "server_connections",
    ">requests": "requests",
    ">bytes": "request_bytes",
    ">replies": "responses",
    "> bytes": "response_bytes",
    ">in_queue": "in_queue",
    ">out_queue": "out_queue",
    ">eof": "server_eof",
    ">err": "server_err",
    ">timed out": "server_timedout",
}
"""The columns of the servers, and their counters."""


def addArguments(parser: ArgumentParser) -> None:
    addPlace(parser, STATSPORT, DEFAULT)
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    document = fetch(arguments.place)
    if arguments.json:
        terminal.json(document)
        return FINE
    reading = readingOf(document, time.monotonic())
    terminal.show(shown(headline(reading, arguments.place)), "")
    _show(reading, terminal)
    return FINE


def _show(reading: Reading, terminal: Terminal) -> None:
    pools = [
        [each.name, *(each.counters.get(name, 0) for name in _POOL.values())]
        for each in reading.pools
    ]
    servers = [
        [
            each.pool,
            each.name,
            *(each.counters.get(name, 0) for name in _SERVER.values()),
            ejectedAgo(reading, each),
        ]
        for pool in reading.pools
        for each in pool.servers
    ]
    terminal.show(tableOf(["pool", *_POOL], pools), "")
    terminal.show(tableOf(["pool", "server", *_SERVER, ">ejected ago"], servers))
