"""
Make the tables of README.md that repeat what is written elsewhere.

Run C{python docs/tables.py} after a change to the command table or to docs/configuration.md; a
test fails until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from nuttwist.wire.memcache.commands import COMMANDS, Shape

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "configuration.md"

#: What may follow the verb, by shape; the verbs of one shape that differ have a form of their own.
FORMS: dict[Shape | str, str] = {
    Shape.RETRIEVE: "KEY...",
    "gat": "EXPTIME KEY...",
    "gats": "EXPTIME KEY...",
    Shape.STORE: "KEY FLAGS EXPTIME LENGTH [noreply]",
    "cas": "KEY FLAGS EXPTIME LENGTH CAS [noreply]",
    Shape.CHANGE: "KEY DELTA [noreply]",
    "touch": "KEY EXPTIME [noreply]",
    "delete": "KEY [noreply]",
    Shape.META: "KEY FLAG...",
    Shape.META_STORE: "KEY LENGTH FLAG...",
    Shape.NOOP: "",
    Shape.VERSION: "",
    Shape.VERBOSITY: "LEVEL [noreply]",
    Shape.STATS: "[servers]",
    Shape.FLUSH: "[DELAY] [noreply]",
    Shape.QUIT: "",
}


def _quoted(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |\n" for cells in (head, *rows)]
    lines.insert(1, "|---" * len(head) + "|\n")
    return "".join(lines).replace("|  |", "| |")


def commandTable() -> str:
    """The commands of memcached's text protocol, those that are alike on one line."""
    rows = [
        (FORMS.get(verb.decode(), FORMS[command.shape]), command.about, verb.decode())
        for verb, command in COMMANDS.items()
    ]
    alike = groupby(rows, key=lambda row: row[:2])
    return _table(
        ("command", "arguments", "what becomes of it"),
        (
            (" ".join(f"`{row[2]}`" for row in group), _quoted(form), about)
            for (form, about), group in alike
        ),
    )


def keyTable() -> str:
    """The keys of the configuration: what docs/configuration.md says of them, without the forms."""
    reference = REFERENCE.read_text(encoding="utf-8")
    table = reference.partition("## Keys")[2].partition("\n## ")[0]
    lines = [line.strip("| \n") for line in table.splitlines() if line.startswith("| `")]
    rows = [re.split(r" *\| *", line) for line in lines]
    return _table(
        ("key", "default", "unit", "meaning"),
        (
            (key, default, unit, meaning.replace("](#", "](docs/configuration.md#"))
            for key, default, unit, _, meaning in rows
        ),
    )


TABLES = {"commands": commandTable, "keys": keyTable}


def withTables(text: str) -> str:
    """Put the tables between their marks."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: made by docs/tables.py -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}{make()}{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(withTables(README.read_text(encoding="utf-8")), encoding="utf-8")
