"""
What a subcommand writes with: answers on standard output, progress and complaints on the other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, TextIO, TypeVar

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

_WIDE = 1000
"""Columns where there is no screen, so that nothing is cut off in a file or a pipe."""

_Item = TypeVar("_Item", bound=Sized)


def shown(name: str | bytes) -> str:
    """A name or a key for people: what cannot be printed as an escape."""
    data = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    text = data.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def percent(share: float) -> str:
    """A share as it stands in tables."""
    return f"{100 * share:.2f}%"


def tableOf(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """
    A plain table.

    @param titles: of the columns; those of numbers begin with C{>}.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        side: Any = "right" if title.startswith(">") else "left"
        table.add_column(title.lstrip(">"), justify=side, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(str(cell))) for cell in row))
    return table


def _consoleOn(stream: TextIO) -> Console:
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


class Terminal:
    """
    The two streams of a command.

    @ivar answers: where the answer goes.
    @ivar notes: where everything else goes.
    """

    def __init__(self, answers: TextIO | None = None, notes: TextIO | None = None) -> None:
        """By default, those of the process."""
        self.answers = _consoleOn(answers or sys.stdout)
        self.notes = _consoleOn(notes or sys.stderr)

    def show(self, *parts: RenderableType) -> None:
        """Print tables and lines."""
        for part in parts:
            self.answers.print(Text(part) if isinstance(part, str) else part, soft_wrap=True)

    def json(self, value: object) -> None:
        """Print one line of JSON."""
        self.answers.file.write(json.dumps(value) + "\n")
        self.answers.file.flush()

    def note(self, line: str) -> None:
        """Say something beside the answer."""
        self.notes.print(Text(shown(line)), soft_wrap=True)

    def progress(self, what: str, total: float | None) -> Progress:
        """
        A bar, that is seen on a screen only and leaves nothing behind.

        @param total: how much there is to do, C{None} if that is not known.
        @return: A context manager with one task.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        counted = (columns[0], columns[1], MofNCompleteColumn(), columns[2])
        bar = Progress(
            *(columns if total is None else counted),
            console=self.notes,
            transient=True,
            disable=not self.notes.is_terminal,
        )
        bar.add_task(what, total=total)
        return bar

    def counted(self, what: str, total: int | None, chunks: Iterable[_Item]) -> Iterator[_Item]:
        """Hand on chunks of work, with a bar that counts their items."""
        with self.progress(what, total) as bar:
            for chunk in chunks:
                yield chunk
                bar.advance(bar.task_ids[0], len(chunk))
