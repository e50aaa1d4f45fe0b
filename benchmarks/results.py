"""What a run of the command measured, and its JSON file."""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from benchmarks.cases import Case
from benchmarks.figures import Figures, Sample, figures


@attrs.frozen
class Result:
    """A case and, for each round, a sample of every form."""

    case: Case
    rounds: list[list[Sample]]

    def figures(self, baseline: str) -> list[Figures]:
        """The figures of every form."""
        return figures(self.rounds, baseline)


@attrs.frozen
class Report:
    """
    @ivar command: what was run.
    @ivar machine: what it ran on.
    @ivar results: in the order measured.
    @ivar failures: the cases that could not be measured, and why.
    """

    command: str
    machine: dict[str, str]
    results: list[Result] = attrs.Factory(list)
    failures: dict[str, str] = attrs.Factory(dict)

    def save(self, path: Path) -> None:
        """Write the JSON file."""
        path.write_text(json.dumps(attrs.asdict(self), indent=1) + "\n")


def readReport(path: Path) -> Report:
    """
    @raise OSError: there is no such file.
    @raise ValueError: it is not one of L{Report.save}.
    """
    data = json.loads(path.read_text())
    results = [
        Result(Case(**each["case"]), [[Sample(**s) for s in row] for row in each["rounds"]])
        for each in data["results"]
    ]
    return Report(data["command"], data["machine"], results, data["failures"])
