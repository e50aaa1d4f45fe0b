"""The part of docs/benchmarks.md that the command writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.results import Report
from benchmarks.tables import asMarkdown, tables

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "benchmarks.md"
IMAGES = DOCS / "img"
BEGIN = "<!-- results: written by the command, not by hand -->"
END = "<!-- end of results -->"


def results(report: Report, baseline: str, images: Mapping[str, str]) -> str:
    """The command, the machine, the charts and the tables, as Markdown."""
    parts = [
        f"Measured by `{report.command}` on:",
        "\n".join(f"- {name}: {what}" for name, what in report.machine.items()),
        *(f"![{about}](img/{name})" for name, about in images.items()),
        *(asMarkdown(table) for table in tables(report, baseline)),
    ]
    return "\n\n".join(parts)


def replaced(page: str, between: str) -> str:
    """
    A page with other results.

    @raise ValueError: the page has no place for them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{between}\n\n{END}{after}"
