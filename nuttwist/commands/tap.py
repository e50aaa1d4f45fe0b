"""
C{nutproxy tap}: sampled requests as they happen, from the HTTP side of a proxy.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from nuttwist.commands.arguments import Place, addJson, addPlace, number, wholeNumber, written
from nuttwist.commands.mistakes import FINE, CommandError
from nuttwist.commands.terminal import Terminal, shown

DEFAULT = ("127.0.0.1", 8222)
PATH, POOLS = "/api/v1/tap", "/api/v1/pools"

SILENCE_SECONDS = 30.0
"""The proxy says something every ten."""

Sample = dict[str, Any]


def addArguments(parser: ArgumentParser) -> None:
    addPlace(parser, "the HTTP side of a proxy, its --http", DEFAULT)
    parser.add_argument("--pool", metavar="P", help="only this pool; by default all")
    parser.add_argument("--match", metavar="PATTERN", help="only such keys, as in 'user:*'")
    parser.add_argument(
        "--sample",
        type=number(1e-9, 1),
        default=1.0,
        metavar="R",
        help="share of the proxy's own samples (default 1)",
    )
    parser.add_argument(
        "--count", type=wholeNumber(1, 10**9), metavar="N", help="end after as many"
    )
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    wanted = {"pool": arguments.pool, "match": arguments.match, "sample": arguments.sample}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    paths = [f"{PATH}?{query}"]
    if arguments.pool is not None:
        # The tap itself would wait for a pool that may yet come.
        paths.insert(0, f"{POOLS}/{quote(arguments.pool, safe='')}")
    host, port = arguments.place
    connection = HTTPConnection(host, port, timeout=SILENCE_SECONDS)
    # Control-C is how it is ended.
    with closing(connection), suppress(KeyboardInterrupt):
        for sample in islice(_samples(connection, paths, arguments.place), arguments.count):
            if arguments.json:
                terminal.json(sample)
            else:
                terminal.show(line(sample))
    return FINE


def _samples(connection: HTTPConnection, paths: Sequence[str], where: Place) -> Iterator[Sample]:
    """
    Ask for one path after the other.

    @return: What the last one says.
    """
    try:
        for path in paths:
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise CommandError(f"{written(where)} refuses to be tapped: {_refusal(answer)}")
            if path is not paths[-1]:
                answer.read()
        for each in answer:
            if each.strip():
                yield json.loads(each)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CommandError(f"{written(where)} gives no samples: {reason}") from None


def _refusal(answer: HTTPResponse) -> str:
    body = answer.read(4096)
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(body)["error"])
    return f"{answer.status} {answer.reason}"


def line(sample: Sample) -> str:
    """A sample for people."""
    if "dropped" in sample:
        return f"({sample['dropped']} samples dropped, they came faster than they were read)"
    at = time.strftime("%H:%M:%S", time.localtime(sample["time"]))
    words = (sample["pool"], sample["server"], sample["command"], sample["key"], sample["result"])
    said = "  ".join(str(each) for each in words if each is not None)
    return shown(f"{at}  {said}  {1000 * (sample['latency'] or 0):.2f} ms")
