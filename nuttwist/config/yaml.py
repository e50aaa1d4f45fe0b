"""
From the bytes of a configuration file to pools of keys, each piece of text with its place.

twemproxy takes a subset of YAML: one document in block style, a mapping of pools to mappings of
keys, with C{servers} as the only list. This module reads that subset and reports whatever is
outside it, then goes on as if it had been written properly, so that one run finds every mistake.

It works on the parser's events. They come from a loop, not from recursion, and know no types, so
neither a deeply nested file nor a file full of aliases costs more than its length, and C{010} and
C{true} stay the text they are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

import attrs
import yaml
from yaml.reader import ReaderError

Place: TypeAlias = tuple[int, int]
"""Line and column, both from 1; columns count characters."""

Report: TypeAlias = Callable[[Place, str, str], None]
"""Takes a mistake in the YAML itself: where, what is wrong and what is allowed, both in words."""

START: Place = (1, 1)


class _Mark(Protocol):
    """The parser's place, from 0."""

    line: int
    column: int


@attrs.frozen
class Scalar:
    """
    A piece of text in the file.

    @ivar text: what it says, without quotes and escapes.
    @ivar place: where it starts.
    """

    text: str
    place: Place


@attrs.define
class Branch:
    """
    A mapping or a list.

    @ivar children: its items; of a mapping, keys and values by turns.
    """

    isMapping: bool
    place: Place
    children: list[Scalar | Branch] = attrs.Factory(list)


Node: TypeAlias = Scalar | Branch


def pairsOf(node: Node) -> Iterator[tuple[Node, Node]]:
    """
    The keys and values of a mapping, in file order; nothing of another node. A key without a value,
    because of a syntax error, is left out.
    """
    if isinstance(node, Branch) and node.isMapping:
        yield from zip(node.children[::2], node.children[1::2], strict=False)


@attrs.frozen
class Tree:
    """
    What was understood of a file.

    @ivar roots: the top node of each document.
    @ivar whole: whether the file was understood to its end. If not, something may be missing only
        because it comes later.
    """

    roots: tuple[Node, ...]
    whole: bool


def readTree(text: bytes, report: Report) -> Tree:
    """
    Read a file as far as its syntax goes.

    @param text: UTF-8, or UTF-16 with a byte order mark.
    @param report: called with each mistake, in file order.
    """
    builder = _Builder(report)
    try:
        for event in yaml.parse(_decoded(text), Loader=yaml.SafeLoader):
            builder.take(event)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        report(_placeAfter(before), "bytes that are not text", "UTF-8")
    except ReaderError as error:
        report(_placeAfter(_decoded(text)[: error.position]), *_unprintable(error))
    except yaml.MarkedYAMLError as error:
        report(_placeOf(error.problem_mark or error.context_mark), *_syntaxMistake(error))
    except (ValueError, OverflowError):
        # The scanner leaves it to chr() and int() to refuse escapes and versions beyond all bounds.
        report(builder.reached, "a number out of range in an escape or directive", "Unicode")
    else:
        return Tree(tuple(builder.roots), whole=True)
    builder.dropHalf()
    return Tree(tuple(builder.roots), whole=False)


class _Builder:
    """
    Puts events together to nodes. A node hangs in the tree from its first event on, so that what
    was read before a syntax error is there.
    """

    def __init__(self, report: Report) -> None:
        self.reached = START
        self.roots: list[Node] = []
        self._lists = [self.roots]
        self._report = report

    def take(self, event: yaml.Event) -> None:
        place = _placeOf(event.start_mark)
        self.reached = _placeOf(event.end_mark)
        for problem, allowed in _outsideSubset(event):
            self._report(place, problem, allowed)
        if isinstance(event, yaml.CollectionEndEvent):
            self._lists.pop()
        elif isinstance(event, yaml.CollectionStartEvent):
            branch = Branch(isinstance(event, yaml.MappingStartEvent), place)
            self._lists[-1].append(branch)
            self._lists.append(branch.children)
        elif isinstance(event, yaml.ScalarEvent):
            self._lists[-1].append(Scalar(event.value, place))
        elif isinstance(event, yaml.AliasEvent):
            self._lists[-1].append(Scalar(f"*{event.anchor}", place))

    def dropHalf(self) -> None:
        """Forget the text that a syntax error comes after: it may be a part of something."""
        if self._lists[-1] and isinstance(self._lists[-1][-1], Scalar):
            self._lists[-1].pop()


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_OUTSIDE: tuple[tuple[Callable[[yaml.Event], object], str, str], ...] = (
    (
        lambda event: isinstance(event, yaml.DocumentStartEvent) and event.explicit,
        "a document marker or directive",
        "one document, that starts with the name of a pool",
    ),
    (
        lambda event: isinstance(event, yaml.DocumentEndEvent) and event.explicit,
        "a document marker",
        "one document, that ends with the file",
    ),
    (
        lambda event: isinstance(event, yaml.CollectionStartEvent) and event.flow_style,
        "a list or mapping in brackets or braces",
        "one key or one '- item' a line, quotes around text that starts with a bracket or brace",
    ),
    (
        lambda event: isinstance(event, yaml.NodeEvent) and event.anchor is not None,
        "an anchor or alias",
        "the value itself, quotes around text that starts with & or *",
    ),
    (
        lambda event: getattr(event, "tag", None) is not None,
        "a tag",
        "the value itself, quotes around text that starts with !",
    ),
    (
        lambda event: isinstance(event, yaml.ScalarEvent) and _LONE_SURROGATE.search(event.value),
        "an escape that stands for half a character",
        "Unicode",
    ),
)
"""What is YAML but not of the subset: a test on an event, what it is, what is allowed."""


def _outsideSubset(event: yaml.Event) -> Iterator[tuple[str, str]]:
    return ((problem, allowed) for isSo, problem, allowed in _OUTSIDE if isSo(event))


def _decoded(text: bytes) -> str:
    isWide = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return text.decode("utf-16" if isWide else "utf-8-sig")


def _placeOf(mark: _Mark | None) -> Place:
    return START if mark is None else (mark.line + 1, mark.column + 1)


def _placeAfter(before: str) -> Place:
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", before.lstrip("\ufeff"))
    return len(lines), len(lines[-1]) + 1


def _unprintable(error: ReaderError) -> tuple[str, str]:
    return f"the control character {chr(error.character)!r}", "printable text"


def _syntaxMistake(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    return ", ".join(filter(None, (error.context, error.problem))), ""
