"""
C{nutproxy}: the subcommands, and which of them was asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import attrs

from nuttwist.form import described

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from nuttwist.commands.terminal import Terminal

INTERRUPTED = 130
"""The exit status of a command that Control-C ended, as the shell has it."""


class Subcommand(Protocol):
    """A module of this package that is in the table."""

    def addArguments(self, parser: ArgumentParser) -> None:
        """Say which arguments it takes."""

    def run(self, arguments: Namespace, terminal: Terminal) -> int:
        """
        Do it.

        @return: The exit status.
        @raise CommandError: If it cannot go on.
        """


@attrs.frozen
class Row:
    """
    A subcommand in the table.

    @ivar about: what it does, one sentence.
    @ivar module: where it is, in this package.
    """

    about: str
    module: str


COMMANDS = {
    "run": Row("Serve the pools of a configuration file, with twemproxy's options.", "run"),
    "check": Row("Say every mistake of a configuration file, and what looks unwise.", "check"),
    "explain": Row("Say which server has a key, why, and who would have it next.", "explain"),
    "plan": Row("Say which keys move when one configuration replaces another.", "plan"),
    "ring": Row("Say or draw how much of the keys each server has.", "ring"),
    "stats": Row("Show the counters of a statistics port, nuttwist's or twemproxy's.", "stats"),
    "top": Row("Watch requests, queues and errors of a statistics port as they come.", "top"),
    "tap": Row("Watch sampled requests as they happen, from the HTTP side of a proxy.", "tap"),
    "bench": Row("Load a pool or a server for some seconds, and check every reply.", "bench"),
}
"""
Every subcommand by its name. One whose module has C{main(words)} in place of the two functions
reads its words itself.
"""

_END = """
{program} COMMAND --help tells more. Exit status: 0 for fine; 1 for an answer that is no, a mistake
in a file, or no connection; 2 for wrong arguments (1 with run, as twemproxy's).
"""


def helpText() -> str:
    """What C{nutproxy --help} says."""
    rows = "".join(f"  {name:<9}{row.about}\n" for name, row in COMMANDS.items())
    usage = "usage: nutproxy COMMAND [arguments]\n       nutproxy --help | --version\n"
    about = "A memcached and redis proxy in the place of twemproxy, and the tools around it."
    return f"{usage}\n{about}\n\n{rows}{_END.format(program='nutproxy')}"


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one command.

    @param argv: its words, by default those that the process was started with.
    @return: the exit status.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    first = words[0] if words else "--help"
    if first in COMMANDS:
        return _guarded(first, words[1:])
    answers = {"-h": helpText, "--help": helpText, "-V": _version, "--version": _version}
    if first in answers:
        sys.stdout.write(answers[first]())
        return 0 if words else 2
    allowed = ", ".join(COMMANDS)
    sys.stderr.write(f"nutproxy: {first!r} is not a command, the commands are {allowed}\n")
    return 2


def _version() -> str:
    return f"This is {described()}\n"


def _guarded(name: str, words: Sequence[str]) -> int:
    try:
        status = _run(name, words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has enough; Python would complain when it flushes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(name: str, words: Sequence[str]) -> int:
    row = COMMANDS[name]
    module = import_module(f"nuttwist.commands.{row.module}")
    if hasattr(module, "main"):
        return cast("int", module.main(words))
    return _parsed(name, row.about, cast("Subcommand", module), words)


def _parsed(name: str, about: str, module: Subcommand, words: Sequence[str]) -> int:
    from nuttwist.commands.arguments import Parser  # noqa: PLC0415  not needed by run
    from nuttwist.commands.mistakes import CommandError  # noqa: PLC0415
    from nuttwist.commands.terminal import Terminal  # noqa: PLC0415  brings all of rich along

    parser = Parser(f"nutproxy {name}", about)
    module.addArguments(parser)
    try:
        return module.run(parser.parse_args(words), Terminal())
    except CommandError as error:
        sys.stderr.write(f"nutproxy {name}: {error}\n")
        return error.status
