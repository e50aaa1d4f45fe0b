"""What came of a run, and whether it is good."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import attrs

from tests.load.tally import Tally
from tests.soak.mischief import Event

MIB = 1 << 20
#: Growth of the second half that is none: the allocator's own ups and downs.
SLACK = 4 * MIB
SLACK_SHARE = 0.05
OWN_WORDS = {"unknown", *(os.strerror(number) for number in errno.errorcode)}
#: What a redis server says that has just been started.
PASSED_ON = ("LOADING ",)


@attrs.frozen
class Sample:
    """
    A moment of the run.

    @ivar at: seconds since the beginning.
    @ivar resident: bytes of the proxy's memory.
    @ivar requests: sent until then.
    @ivar errors: replies until then that were errors.
    """

    at: float
    resident: int
    requests: int
    errors: int


def growth(samples: Iterable[Sample]) -> int:
    """
    By how much the memory has grown in the second half: its last third against its first.

    @return: bytes; 0 or less if it has not, and 0 if there are too few samples.
    """
    half = [each.resident for each in samples]
    half = half[len(half) // 2 :]
    third = len(half) // 3
    return int(median(half[-third:]) - median(half[:third])) if third else 0


@attrs.frozen
class Report:
    """
    @ivar seconds: how long it was.
    @ivar tallies: of the clients, by dialect.
    @ivar lost: connections to servers that ended, by the name of the proxy's counter.
    @ivar tracebacks: in the log of the proxy.
    """

    command: str
    machine: dict[str, str]
    seconds: float
    samples: list[Sample]
    events: list[Event]
    tallies: dict[str, Tally]
    ejections: int
    ended: dict[str, int]
    tracebacks: int

    def faults(self) -> list[str]:
        """Everything for which the run is not good, in words."""
        found = [text for tally in self.tallies.values() for text in tally.violations]
        for kind, tally in self.tallies.items():
            found += [f"{kind}: an error that is nowhere promised: {each}" for each in odd(tally)]
            if tally.lost:
                found.append(f"{kind}: {tally.lost} requests were lost")
            if tally.cut or tally.refused:
                found.append(f"{kind}: clients cut off or refused: {tally.cut}, {tally.refused}")
        if self.tracebacks:
            found.append(f"{self.tracebacks} tracebacks in the proxy's log")
        grown, limit = growth(self.samples), self._slack()
        if grown > limit:
            found.append(f"memory grew by {grown / MIB:.1f} MiB in the second half")
        return found

    def _slack(self) -> float:
        return max(SLACK, SLACK_SHARE * self.samples[-1].resident) if self.samples else SLACK

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        data = {**attrs.asdict(self), "faults": self.faults(), "growth": growth(self.samples)}
        path.write_text(json.dumps(data, indent=1) + "\n")


def odd(tally: Tally) -> list[str]:
    """The texts of errors that are neither the proxy's own nor a server's."""
    return [
        text for text in tally.errors if text not in OWN_WORDS and not text.startswith(PASSED_ON)
    ]


def asText(report: Report) -> list[tuple[str, str]]:
    """What to tell of it: names and values."""
    tallies = report.tallies.values()
    deeds = Counter(each.what for each in report.events)
    rows = [
        ("time", f"{report.seconds / 60:.1f} minutes"),
        ("requests", _perKind(report, lambda tally: tally.requests)),
        ("requests a second", f"{sum(t.requests for t in tallies) / report.seconds:,.0f}"),
        ("replies that were errors", _perKind(report, lambda tally: tally.errors.total())),
        ("of these", _counted(sum((t.errors for t in tallies), Counter()))),
        ("what was done", _counted(deeds)),
        ("ejections", f"{report.ejections}"),
        ("server connections that ended", _counted(Counter(report.ended))),
        ("client connections", _perKind(report, lambda tally: tally.connects)),
        ("how clients left", _counted(sum((t.leaves for t in tallies), Counter()))),
        ("crossed or malformed replies", f"{sum(len(t.violations) for t in tallies)}"),
        ("lost replies", f"{sum(t.lost for t in tallies)}"),
        ("clients cut off", f"{sum(t.cut for t in tallies)} requests"),
        ("memory (RSS)", _memory(report)),
    ]
    return rows + [("not good", text) for text in report.faults()]


def _perKind(report, count) -> str:
    return ", ".join(f"{kind} {count(tally):,}" for kind, tally in report.tallies.items())


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"


def _memory(report: Report) -> str:
    sizes = [each.resident / MIB for each in report.samples] or [0.0]
    middle, grown = sizes[len(sizes) // 2], growth(report.samples) / MIB
    ends = f"{sizes[0]:.1f} MiB at the start, {middle:.1f} half-way, {sizes[-1]:.1f} at the end"
    return f"{ends}; {grown:+.1f} in the second half"


def asMarkdown(report: Report, image: str) -> str:
    """The part of the page that tells of a run."""
    machine = "\n".join(f"- {name}: {what}" for name, what in report.machine.items())
    rows = "\n".join(f"| {name} | {what} |" for name, what in asText(report))
    parts = [f"Run by `{report.command}` on:", machine, f"| | |\n|---|---|\n{rows}"]
    about = "Memory of the proxy and requests a second, with marks for what was done"
    return "\n\n".join([*parts, f"![{about}]({image})"])
