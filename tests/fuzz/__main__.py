"""
C{python -m tests.fuzz TARGET}: drive a target with atheris until the time is over.

What atheris finds worth keeping goes to C{build/fuzz/TARGET/}, and an input that breaks the target
to C{build/fuzz/TARGET-crash-...}; the files of the corpus are only read.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tests.fuzz import TARGETS, corpusOf, dictionaryOf

WORK = Path("build/fuzz")

#: Bytes of one input: more than the longest line of a memcached command that is no get.
INPUT_MAX = 4096

MISSING = "the fuzzer is not installed; pip install -e '.[fuzz]' (atheris, CPython on Linux)"


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one parser.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--cases", type=int, default=-1, help="so many inputs at most")
    return parser.parse_args()


def arguments(asked: argparse.Namespace) -> list[str]:
    """What libFuzzer is told."""
    work = WORK / asked.target
    work.mkdir(parents=True, exist_ok=True)
    return [
        "fuzz",
        f"-max_total_time={max(int(asked.minutes * 60), 1)}",
        f"-runs={asked.cases}",
        f"-max_len={INPUT_MAX}",
        "-timeout=20",
        "-rss_limit_mb=1024",
        f"-dict={dictionaryOf(asked.target)}",
        f"-artifact_prefix={work}-",
        "-print_final_stats=1",
        str(work),
        str(corpusOf(asked.target)),
    ]


def main() -> None:
    """Run the fuzzer; it ends the process, with another status than 0 if it found something."""
    asked = options()
    try:
        import atheris  # noqa: PLC0415  the extra `fuzz`, which CI does without
    except ImportError:
        sys.exit(MISSING)
    with atheris.instrument_imports(include=["nuttwist"]):
        target = importlib.import_module(TARGETS[asked.target])
    atheris.Setup(arguments(asked), target.oneInput)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
