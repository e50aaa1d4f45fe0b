"""
What is wrong with a configuration file: every mistake at once, each with its place.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from nuttwist.config.yaml import Place


@attrs.frozen
class Mistake:
    """
    One thing that is wrong in a file.

    @ivar line: from 1.
    @ivar column: from 1, in characters.
    @ivar pool: the pool's name; empty if it is not about one.
    @ivar key: the key as written, empty if it is not about one.
    @ivar value: the text seen, C{None} if there is none or if it is a secret.
    @ivar problem: what is wrong, in words.
    @ivar allowed: what is allowed, in words; may be empty.
    """

    filename: str
    line: int
    column: int
    pool: str
    key: str
    value: str | None
    problem: str
    allowed: str

    def __str__(self) -> str:
        pool = f"pool {self.pool!r}: " if self.pool else ""
        key = f"{self.key}: " if self.key else ""
        allowed = f", allowed: {self.allowed}" if self.allowed else ""
        where = f"{self.filename}:{self.line}:{self.column}"
        return f"{where}: {pool}{key}{self.problem}{allowed}"


class ConfigError(Exception):
    """
    A file is refused.

    @ivar mistakes: all that is wrong with it, in file order.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda each: (each.line, each.column)))
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        """One line a mistake."""
        return "\n".join(map(str, self.mistakes))


class Notes:
    """
    Collects mistakes while a file is read.

    @ivar mistakes: what was found so far, in the order of finding.
    """

    def __init__(self, filename: str) -> None:
        self.mistakes: list[Mistake] = []
        self._filename = filename

    def note(
        self,
        place: Place,
        problem: str,
        allowed: str,
        pool: str = "",
        key: str = "",
        value: str | None = None,
    ) -> None:
        """Take down one mistake."""
        self.mistakes.append(Mistake(self._filename, *place, pool, key, value, problem, allowed))
