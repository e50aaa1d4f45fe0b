"""
C{nutproxy check}: every mistake of a file and, if there is none, what looks unwise.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from nuttwist.commands.arguments import addFile, addJson
from nuttwist.commands.doubts import doubtsAbout
from nuttwist.commands.mistakes import FINE, NO
from nuttwist.commands.terminal import Terminal, shown
from nuttwist.config import PoolConfig
from nuttwist.config.file import ConfigError, parseConfig
from nuttwist.config.mistake import Mistake, Notes
from nuttwist.config.yaml import START, Place, Scalar, pairsOf, readTree


def addArguments(parser: ArgumentParser) -> None:
    addFile(parser)
    parser.add_argument("--strict", action="store_true", help="a warning is a mistake: exit 1")
    addJson(parser)


def run(arguments: Namespace, terminal: Terminal) -> int:
    found = examined(arguments.file)
    if arguments.json:
        terminal.json({"ok": not found.mistakes, **attrs.asdict(found)})
    else:
        terminal.show(*found.lines())
    wrong = found.mistakes or (arguments.strict and found.warnings)
    return NO if wrong else FINE


@attrs.frozen
class Findings:
    """
    @ivar pools: the names of the pools; none if there are mistakes.
    @ivar warnings: in the same form as the mistakes; nothing is said of what is allowed.
    """

    file: str
    pools: Sequence[str] = ()
    mistakes: Sequence[Mistake] = ()
    warnings: Sequence[Mistake] = ()

    def lines(self) -> Iterator[str]:
        """All of it for people, a verdict last."""
        yield from (shown(str(each)) for each in self.mistakes)
        for each in self.warnings:
            yield shown(str(attrs.evolve(each, problem=f"warning: {each.problem}")))
        about = f"{_count(self.pools, 'pool')}, " if self.pools else ""
        warned = f", {_count(self.warnings, 'warning')}" if self.pools else ""
        yield shown(f"{self.file}: {about}{_count(self.mistakes, 'mistake')}{warned}")


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things) or 'no'} {name}{'' if len(things) == 1 else 's'}"


def examined(path: str) -> Findings:
    """
    Look through a file.
    """
    try:
        text = Path(path).read_bytes()
        pools = parseConfig(text, path)
    except ConfigError as error:
        return Findings(path, mistakes=error.mistakes)
    except (OSError, ValueError) as error:
        notes = Notes(path)
        notes.note(START, getattr(error, "strerror", None) or str(error), "a file that can be read")
        return Findings(path, mistakes=notes.mistakes)
    return Findings(path, [pool.name for pool in pools], warnings=_warnings(text, path, pools))


def _warnings(text: bytes, path: str, pools: Sequence[PoolConfig]) -> Sequence[Mistake]:
    places = _places(text)
    found = []
    for pool, key, words in doubtsAbout(pools):
        place = places.get((pool, key)) or places[pool, ""]
        found.append(Mistake(path, *place, pool, key, None, words, ""))
    return sorted(found, key=lambda each: (each.line, each.column))


def _places(text: bytes) -> dict[tuple[str, str], Place]:
    """Where each pool begins, under the key C{""}, and each of its keys."""
    places: dict[tuple[str, str], Place] = {}
    for root in readTree(text, lambda *_: None).roots:
        for pool, body in pairsOf(root):
            assert isinstance(pool, Scalar)
            places[pool.text, ""] = pool.place
            for key, _ in pairsOf(body):
                assert isinstance(key, Scalar)
                places[pool.text, key.text] = key.place
    return places
