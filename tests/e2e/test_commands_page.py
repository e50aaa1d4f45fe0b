"""The examples of docs/commands.md that ask a port, asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from docs.commands import PAGE, examples, isLive, underLoad

SHOWN = [each for each in examples(PAGE.read_text(encoding="utf-8")) if isLive(each[0])]


@pytest.fixture(scope="module")
def live() -> Iterator[Callable[[str], str]]:
    """What runs a command against a proxy under load, as when the page was made."""
    with underLoad() as run:
        yield run


def masked(text: str) -> str:
    """The text without what differs from one run to the next: numbers, verdicts, samples."""
    without = re.sub(r"the limit is .*", "VERDICT", text)
    without = re.sub(r"  (get|set)  (\S+)(  hit)?", "  COMMAND  KEY", without)
    without = re.sub(r"[\d.]*\d\b(?: [KMG]?i?B\b)?|\d+[dhms]\b(?: \d+[hms]\b)?", "0", without)
    return re.sub(r" +", " ", without)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[each[0].split()[0] for each in SHOWN])
def test_whatIsShownIsWhatIsSaid(live: Callable[[str], str], command: str, shown: str) -> None:
    """But for the numbers the page has what the command says."""
    assert masked(live(command)) == masked(shown), "run python -m docs.commands"
