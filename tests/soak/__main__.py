"""
python -m tests.soak [--minutes N] [--out DIR] [--rate N] [--seed N] [--docs]

Exit status 0 if every reply was right and the memory stayed flat, 1 if not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import react

from benchmarks.machine import described
from benchmarks.page import IMAGES, replaced
from tests.soak.chart import draw
from tests.soak.report import Report, asMarkdown, asText
from tests.soak.run import Soak
from tests.soak.setting import Setting

IMAGE = "soak.png"
PAGE = IMAGES.parent / "reliability.md"


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.soak", description="hours of bad weather")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--out", type=Path, help="where soak.json and soak.png go (default: none)")
    parser.add_argument("--rate", type=float, default=3000, help="requests a second (default 3000)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument(
        "--docs", action="store_true", help="write numbers and chart into docs/reliability.md"
    )
    return parser.parse_args(argv)


async def _soak(reactor: Any, options: argparse.Namespace) -> None:
    command = f"python -m tests.soak --minutes {options.minutes:g} --rate {options.rate:g}"
    machine = described([])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        setting = Setting(stack, folder)
        soak = Soak(reactor, setting, options.rate, options.seed)
        await soak.run(60 * options.minutes)
        report = soak.report(command, machine)
    _keep(report, options)
    print("\n".join(f"{name}: {what}" for name, what in asText(report)), flush=True)
    sys.exit(1 if report.faults() else 0)


def _keep(report: Report, options: argparse.Namespace) -> None:
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        report.save(options.out / "soak.json")
        draw(report, options.out / IMAGE)
    if options.docs:
        draw(report, IMAGES / IMAGE)
        PAGE.write_text(replaced(PAGE.read_text(), asMarkdown(report, f"img/{IMAGE}")))


if __name__ == "__main__":
    chosen = _options(sys.argv[1:])
    react(lambda reactor: ensureDeferred(_soak(reactor, chosen)))
