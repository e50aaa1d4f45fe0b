"""What a soak calls good, and how it is told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import attrs
import pytest

from tests.load.tally import Tally
from tests.soak.chart import draw
from tests.soak.mischief import Event
from tests.soak.report import MIB, Report, Sample, asMarkdown, asText, growth


def samples(*sizes: float) -> list[Sample]:
    """One a second, of so many MiB."""
    return [Sample(float(at), int(size * MIB), at * 100, at) for at, size in enumerate(sizes)]


def report(**changes) -> Report:
    """A good one, but for what is changed."""
    tally = Tally(requests=10, answered=10, errors=Counter({"unknown": 1, "LOADING it": 1}))
    good = Report(
        command="soak",
        machine={"cores": "2"},
        seconds=60.0,
        samples=samples(40, 50, *[60] * 20),
        events=[Event(1.0, "killed", "redis 1"), Event(2.0, "reloaded", "proxy")],
        tallies={"redis": tally},
        ejections=1,
        ended={"server_err": 3},
        tracebacks=0,
    )
    return attrs.evolve(good, **changes)


def test_aGoodRun() -> None:
    """Documented errors, a server's own words and a memory that is flat in the end are good."""
    assert report().faults() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"tallies": {"redis": Tally(violations=["mixed up"])}}, "mixed up"),
        ({"tallies": {"redis": Tally(requests=3, answered=1)}}, "2 requests were lost"),
        ({"tallies": {"redis": Tally(requests=3, answered=1, cut=2)}}, "cut off or refused: 2, 0"),
        ({"tallies": {"redis": Tally(errors=Counter({"odd": 1}))}}, "nowhere promised: odd"),
        ({"tracebacks": 2}, "2 tracebacks"),
        ({"samples": samples(*range(100, 160))}, "memory grew by 20.0 MiB in the second half"),
    ],
)
def test_whatIsNotGood(changes: dict, fault: str) -> None:
    """Each breach is named."""
    (found,) = report(**changes).faults()
    assert fault in found


def test_growthIsOfTheSecondHalfOnly() -> None:
    """What a start takes is none, one peak is none, and steps are."""
    assert growth(samples(*range(30), *[30] * 30)) == 0
    assert growth(samples(*[30] * 58, 90, 30)) == 0
    assert growth(samples(*[30] * 50, *[40] * 10)) == 10 * MIB
    assert growth(samples(1, 2)) == 0


def test_talliesAreAdded() -> None:
    """The clients of several crowds are counted together, the violations kept."""
    total = Tally(requests=1, errors=Counter(a=1), violations=["x"])
    total.add(Tally(requests=2, errors=Counter(a=1, b=1), violations=["y"]))
    assert total == Tally(requests=3, errors=Counter(a=2, b=1), violations=["x", "y"])


def test_aRunIsToldAndKept(tmp_path: Path) -> None:
    """The page has a table and the picture, the file has everything, the picture is a PNG."""
    page = asMarkdown(report(), "img/soak.png")
    assert "| requests | redis 10 |" in page
    assert "(img/soak.png)" in page
    assert dict(asText(report()))["what was done"] == "killed 1, reloaded 1"
    report().save(tmp_path / "soak.json")
    assert json.loads((tmp_path / "soak.json").read_text())["faults"] == []
    draw(report(), tmp_path / "img" / "soak.png")
    assert (tmp_path / "img" / "soak.png").read_bytes().startswith(b"\x89PNG")
