"""The tables, the page that holds them, and the file that they are made from."""

from __future__ import annotations

import pytest

from benchmarks.cases import Case
from benchmarks.figures import Ratio, Sample
from benchmarks.page import BEGIN, END, PAGE, replaced, results
from benchmarks.results import Report, Result, readReport
from benchmarks.tables import asMarkdown, asText, shown, tables

LOAD = Result(
    Case("d1", "50 clients"),
    [
        [
            Sample("base", 30_000, 1, 2, 3, 3, 9, 0.1, 2**20),
            Sample("ours", 28_000, 1, 3, 4, 6, 9, 0.1, 2**25),
        ]
    ],
)
IDLE = Result(
    Case("idle", "idle clients", kind="idle"), [[Sample("base", rss=700), Sample("ours", rss=1536)]]
)
REPORT = Report("python -m benchmarks", {"cores": "2"}, [LOAD, IDLE])


def test_loadsAndIdleClientsHaveATableEach():
    """An idle client has memory and nothing else to show."""
    busy, idle = tables(REPORT, "base")
    assert len(busy) == len(idle) == 3
    assert busy[2][:3] == ["50 clients", "ours", "28,000"]
    assert busy[2][-2:] == ["1.25 (1.25-1.25)", "1.50 (1.50-1.50)"]
    assert idle[2] == ["idle clients", "ours", "1.50"]


def test_aKindThatWasNotMeasuredHasNoTable():
    """A run of one case shows one table."""
    assert len(tables(Report("", {}, [IDLE]), "base")) == 1


def test_aMissingRatioIsADash():
    """There may be nothing to divide by."""
    assert shown(None) == "-"
    assert shown(Ratio(1, 0.5, 2)) == "1.00 (0.50-2.00)"


def test_textIsAligned():
    """Words are left and figures right, whatever their width."""
    table = [["case", "proxy", "n"], ["a", "pure", "1,000"]]
    assert asText(table) == "case  proxy      n\na     pure   1,000"


def test_markdownNamesACaseOnce():
    """The rows below it belong to it, and another case is named again."""
    table = [["case", "proxy", "n"], ["a", "x", "1"], ["a", "y", "2"], ["b", "x", "3"]]
    lines = asMarkdown(table).splitlines()
    assert lines[1] == "| --- | --- | ---: |"
    assert lines[2:] == ["| a | x | 1 |", "|  | y | 2 |", "| b | x | 3 |"]


def test_aPageGetsOtherResults():
    """What is written by hand stays, on both sides."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_aPageWithoutAPlaceIsRefused():
    """Results are not put just anywhere."""
    with pytest.raises(ValueError, match="needs the lines"):
        replaced("no place", "new")


def test_theProjectsPageHasAPlace():
    """The command can write its results into docs/benchmarks.md."""
    assert "\nnew\n" in replaced(PAGE.read_text(), "new")


def test_resultsSayWhereTheyComeFrom():
    """The command and the machine stand before every figure."""
    text = results(REPORT, "base", {"a.png": "a chart"})
    assert text.startswith(
        "Measured by `python -m benchmarks` on:\n\n- cores: 2\n\n![a chart](img/a.png)"
    )
    assert "| 50 clients | base | 30,000 |" in text


def test_aReportSurvivesItsFile(tmp_path):
    """Tables and charts can be made again from what was measured."""
    path = tmp_path / "report.json"
    REPORT.save(path)
    assert readReport(path) == REPORT
