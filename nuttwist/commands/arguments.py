"""
The parser of every subcommand, and the kinds of arguments that several of them take.

A wrong argument is one line that names the argument, the value and what is allowed.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import NoReturn

from nuttwist.commands.mistakes import USAGE
from nuttwist.config.address import readNumber

PLACE_FORM = "HOST:PORT, such as 127.0.0.1:22222"

Place = tuple[str, int]


class Parser(ArgumentParser):
    """A parser that complains in one line."""

    def __init__(self, command: str, about: str) -> None:
        """
        @param command: The words that come before the arguments.
        """
        ArgumentParser.__init__(
            self,
            prog=command,
            description=about,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def wholeNumber(least: int, most: int) -> Callable[[str], int]:
    """Digits for a number within the bounds."""

    def parse(text: str) -> int:
        try:
            number = readNumber(text)
        except ValueError:
            number = least - 1
        if least <= number <= most:
            return number
        raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    """A number within the bounds, fractions included."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if least <= value <= most:
            return value
        raise ArgumentTypeError(f"{text!r} is not a number from {least:g} to {most:g}")

    return parse


def place(text: str) -> Place:
    """Where something listens: C{host:port}, an IPv6 address with or without brackets."""
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        number = readNumber(port)
    except ValueError:
        number = 0
    if bare and 1 <= number <= 65535:
        return bare, number
    raise ArgumentTypeError(f"{text!r} is not {PLACE_FORM}")


def written(place: Place) -> str:
    """An address for people."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addPlace(parser: ArgumentParser, what: str, default: Place) -> None:
    """Ask where something listens, if not at its usual place."""
    parser.add_argument(
        "place",
        metavar="HOST:PORT",
        nargs="?",
        type=place,
        default=default,
        help=f"{what} (default {written(default)})",
    )


def addJson(parser: ArgumentParser) -> None:
    """Have the option that every subcommand has."""
    parser.add_argument("--json", action="store_true", help="answer in one line of JSON")


def addFile(parser: ArgumentParser, name: str = "file") -> None:
    """Ask for a configuration file."""
    parser.add_argument(name, metavar=name.upper(), help="a configuration file of the proxy")


def addPool(parser: ArgumentParser) -> None:
    """Have the option that picks one pool of a file."""
    parser.add_argument("--pool", metavar="P", help="only this pool; by default all of the file")


def addPicture(parser: ArgumentParser, what: str) -> None:
    """Have the option that draws."""
    parser.add_argument("--png", metavar="OUT", help=f"draw {what} into this file")
