"""
Make the table of docs/memcached-commands.md from the command table.

Run C{python docs/tables.py} after a change to that; a test fails until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from nuttwist.wire.memcache.commands import COMMANDS, Shape

PAGE = Path(__file__).resolve().with_name("memcached-commands.md")

BEGIN = "<!-- commands: made by docs/tables.py -->\n"
END = "<!-- end of commands -->\n"

#: What may follow the verb, by shape; the verbs of one shape that differ have a form of their own.
FORMS: dict[Shape | str, str] = {
    Shape.RETRIEVE: "KEY...",
    "gat": "EXPTIME KEY...",
    "gats": "EXPTIME KEY...",
    Shape.STORE: "KEY FLAGS EXPTIME LENGTH [noreply]",
    "cas": "KEY FLAGS EXPTIME LENGTH CAS [noreply]",
    Shape.CHANGE: "KEY DELTA [noreply]",
    "touch": "KEY EXPTIME [noreply]",
    Shape.DELETE: "KEY [0] [noreply]",
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


def withTable(text: str) -> str:
    """Put the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{commandTable()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(withTable(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
