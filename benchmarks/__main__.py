"""The command: C{python -m benchmarks --help}."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import CASES, Case, chosen
from benchmarks.charts import draw
from benchmarks.idle import raiseLimit
from benchmarks.loads import Amount, LoadFailed, compiledMcload
from benchmarks.machine import described
from benchmarks.page import IMAGES, PAGE, replaced, results
from benchmarks.programs import NotStarted
from benchmarks.proxies import BASELINE, Form, available
from benchmarks.results import Report, Result, readReport
from benchmarks.rounds import Bench
from benchmarks.tables import asText, tables

OPTIONS: dict[str, dict[str, object]] = {
    "--rounds": {"type": int, "default": 5, "help": "of every case (%(default)s)"},
    "--seconds": {"type": float, "default": 2.0, "help": "of load, each (%(default)s)"},
    "--requests": {"type": int, "help": "of load, instead of seconds"},
    "--only": {"action": "append", "default": [], "metavar": "CASE", "help": "or its beginning"},
    "--form": {"action": "append", "default": [], "help": f"beside {BASELINE}; all by default"},
    "--compiled": {"type": Path, "metavar": "DIR", "help": "holds a compiled build of nuttwist"},
    "--json": {"type": Path, "metavar": "FILE", "help": "takes every sample"},
    "--read": {"type": Path, "metavar": "FILE", "help": "of --json; shows it and measures nothing"},
    "--images": {"type": Path, "metavar": "DIR", "help": "takes the PNG charts"},
    "--docs": {"action": "store_true", "help": f"write {PAGE.name} and its charts"},
    "--list": {"action": "store_true", "help": "the cases"},
}


def main(words: list[str]) -> int:
    """Run the command with those arguments, and return its exit code."""
    options = _options(words)
    if options.list:
        print("\n".join(f"{case.name:<16}{case.about}" for case in CASES))
        return 0
    try:
        report = readReport(options.read) if options.read else _measured(options, words)
    except (LookupError, NotStarted, OSError, ValueError) as why:
        print(f"benchmarks: {why}", file=sys.stderr)
        return 1
    _show(report, options)
    return 1 if report.failures else 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)  # type: ignore[arg-type]
    return parser.parse_args(words)


def _measured(options: argparse.Namespace, words: list[str]) -> Report:
    cases = chosen(options.only)
    raiseLimit()
    with tempfile.TemporaryDirectory(prefix="nuttwist-bench-") as name:
        folder = Path(name)
        forms = _forms(options, folder)
        report = Report(shlex.join(["python", "-m", "benchmarks", *words]), described(forms))
        amount = Amount(options.seconds, options.requests)
        bench = Bench(forms, folder, compiledMcload(), amount, options.rounds, _say)
        for number, case in enumerate(cases, 1):
            _say(f"[{number}/{len(cases)}] {case.name}: {case.about}")
            _add(report, bench, case)
            if options.json:
                # After each case, so that an end before time loses no more than one.
                report.save(options.json)
        return report


def _add(report: Report, bench: Bench, case: Case) -> None:
    """Measure a case; one that fails is told of, and the others go on."""
    try:
        report.results.append(Result(case, bench.run(case)))
    except (LoadFailed, NotStarted, OSError) as why:
        report.failures[case.name] = str(why)
        _say(f"  failed: {why}")


def _forms(options: argparse.Namespace, folder: Path) -> list[Form]:
    found = available(folder / "sources", options.compiled, _say)
    names = {form.name for form in found}
    if unknown := set(options.form) - names:
        raise LookupError(f"no such form here: {unknown}; there are {', '.join(sorted(names))}")
    wanted = {BASELINE, *options.form} if options.form else names
    return [form for form in found if form.name in wanted]


def _show(report: Report, options: argparse.Namespace) -> None:
    print(report.command)
    print("\n".join(f"{name}: {what}" for name, what in report.machine.items()))
    for table in tables(report, BASELINE):
        print(f"\n{asText(table)}")
    for name, why in report.failures.items():
        print(f"\n{name} failed: {why}")
    if options.images:
        drawn = draw(report, BASELINE, options.images)
        _say(f"charts: {', '.join(drawn) or 'none without matplotlib'}")
    if options.docs:
        drawn = draw(report, BASELINE, IMAGES)
        PAGE.write_text(replaced(PAGE.read_text(), results(report, BASELINE, drawn)))


def _say(what: object) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    # A terminated run stops the servers and proxies as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
