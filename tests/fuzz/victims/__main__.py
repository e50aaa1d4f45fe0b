"""
C{python -m tests.fuzz.victims DIALECT}: a hostile client beside victims; see the package.

Exit status 0 if all held, 1 if not. Then the scenes that were played last are in C{build/fuzz}, one
a line; C{--replay FILE} plays those of a file.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react

from tests.fuzz.__main__ import WORK
from tests.fuzz.victims.run import Outcome, Run
from tests.fuzz.victims.scenes import Author, Scene, load, save
from tests.fuzz.victims.setting import Choice, Setting


def options(argv: list[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        "python -m tests.fuzz.victims", description="A hostile client beside victims."
    )
    parser.add_argument("dialect", choices=("memcached", "redis"))
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (1)")
    parser.add_argument("--servers", type=int, default=2, help="one connection to each (2)")
    parser.add_argument("--workers", type=int, default=1, help="processes of the proxy (1)")
    parser.add_argument("--tls", action="store_true", help="clients, and redis servers, over TLS")
    parser.add_argument("--compiled", type=Path, metavar="DIR", help="where a wheel is unpacked")
    parser.add_argument(
        "--key", action="append", default=[], help="a line of the pool, 'key: value'"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play these scenes")
    parser.add_argument("--times", type=int, default=1, help="how often those of the file (1)")
    return parser.parse_args(argv)


def scenesOf(asked: argparse.Namespace) -> Iterator[Scene]:
    """Those of the file, or new ones without end."""
    if asked.replay is None:
        return Author(asked.dialect, asked.seed).scenes()
    return itertools.chain.from_iterable(itertools.repeat(load(asked.replay), asked.times))


async def run(reactor: Any, asked: argparse.Namespace) -> None:
    """Do it, and say what came of it."""
    choice = Choice(
        dialect=asked.dialect,
        servers=asked.servers,
        workers=asked.workers,
        tls=asked.tls,
        compiled=asked.compiled,
        keys=tuple(asked.key),
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        setting = Setting(stack, folder, choice)
        made = Run(reactor, setting, choice, scenesOf(asked), asked.seed)
        outcome = await made.run(60 * asked.minutes)
    tell(outcome, asked.seed)
    if outcome.faults():
        path = WORK / f"victims-{asked.dialect}-{asked.seed}.jsonl"
        save(made.hostility.last, path)
        print(f"seed {asked.seed}; the last scenes are in {path}, for --replay", flush=True)
        for each in list(made.hostility.last)[-8:]:
            print("  " + each.line()[:1500])
        sys.exit(1)


def tell(outcome: Outcome, seed: int) -> None:
    """Print what came of it."""
    choice = outcome.choice
    made = f"servers {choice.servers}, workers {choice.workers}{', TLS' * choice.tls}, seed {seed}"
    print(f"{choice.dialect}, {outcome.form}, {made}")
    for name, value in outcome.rows():
        print(f"  {name}: {value}")
    for fault in outcome.faults()[:10]:
        print(f"FAULT: {fault}", flush=True)


if __name__ == "__main__":
    chosen = options(sys.argv[1:])
    react(lambda reactor: ensureDeferred(run(reactor, chosen)))
