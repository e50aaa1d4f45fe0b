"""The figures as text: aligned for a terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.figures import Figures, Ratio, Sample
from benchmarks.results import Report, Result

Row = list[str]
Cell = Callable[[Sample], str]

#: The columns that show one field of a sample.
COLUMNS: dict[str, Cell] = {
    "req/s": lambda s: f"{s.rate:,.0f}",
    "p50 ms": lambda s: f"{s.p50:.2f}",
    "p99 ms": lambda s: f"{s.p99:.2f}",
    "p99.9 ms": lambda s: f"{s.p999:.2f}",
    "user us": lambda s: f"{s.user:.2f}",
    "sys us": lambda s: f"{s.system:.2f}",
    "CPU us": lambda s: f"{s.cpu:.2f}",
    "writes": lambda s: f"{s.writes:.2f}",
    "RSS MiB": lambda s: f"{s.rss / 2**20:.0f}",
}
HEAD: Row = ["case", "proxy", *COLUMNS, "CPU ratio", "p99 ratio"]
IDLE_HEAD: Row = ["case", "proxy", "KiB of RSS a client"]


def tables(report: Report, baseline: str) -> list[list[Row]]:
    """The table of the loads and that of the idle clients, heads first; none that is empty."""
    idle = [result for result in report.results if result.case.kind == "idle"]
    busy = [result for result in report.results if result.case.kind != "idle"]
    made = [
        [HEAD, *_rows(busy, baseline, _busyRow)],
        [IDLE_HEAD, *_rows(idle, baseline, _idleRow)],
    ]
    return [table for table in made if len(table) > 1]


def _rows(
    results: Iterable[Result], baseline: str, row: Callable[[str, Figures], Row]
) -> list[Row]:
    return [row(result.case.about, each) for result in results for each in result.figures(baseline)]


def _busyRow(about: str, each: Figures) -> Row:
    cells = [cell(each.typical) for cell in COLUMNS.values()]
    return [about, each.typical.form, *cells, shown(each.cpu), shown(each.p99)]


def _idleRow(about: str, each: Figures) -> Row:
    return [about, each.typical.form, f"{each.typical.rss / 1024:.2f}"]


def shown(ratio: Ratio | None) -> str:
    """The median and, in parentheses, the least and the greatest."""
    if ratio is None:
        return "-"
    return f"{ratio.median:.2f} ({ratio.least:.2f}-{ratio.greatest:.2f})"


def asText(table: Sequence[Row]) -> str:
    """Columns aligned by spaces, the words to the left and the figures to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(_aligned(row, widths) for row in table)


def _aligned(row: Row, widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if index < 2 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def asMarkdown(table: Sequence[Row]) -> str:
    """A Markdown table; a case is named once."""
    head, *rows = table
    rule = ["---", "---", *["---:"] * (len(head) - 2)]
    before = [head, *rows]
    named = [
        ["" if row[0] == above[0] else row[0], *row[1:]]
        for row, above in zip(rows, before, strict=False)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *named])
