"""What tests of subcommands ask, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from nuttwist.commands.main import main


@frozen
class Told:
    """What a command said and how it ended."""

    status: int
    answer: str
    notes: str

    @property
    def json(self) -> Any:
        """The answer of --json, which is one line."""
        assert self.answer.count("\n") == 1
        return json.loads(self.answer)


class Asking:
    """
    Runs commands in this process.

    @ivar folder: where the files are that it writes.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self.folder = folder

    def __call__(self, *words: str | Path) -> Told:
        """Run one; wrong arguments end in C{SystemExit} as in a process."""
        self._capsys.readouterr()
        try:
            status = main([str(word) for word in words])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        said = self._capsys.readouterr()
        return Told(status, said.out, said.err)

    def file(self, text: str, name: str = "pools.yml") -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(text)
        return path


def poolText(name: str = "cache", servers: str = "a b c", *keys: str, port: int = 22121) -> str:
    """
    A pool whose servers listen on ports from 11211 on.

    @param servers: their names, with a weight behind a star if it is not 1.
    """
    lines = [f"{name}:", f"  listen: 127.0.0.1:{port}", *(f"  {key}" for key in keys), "  servers:"]
    for number, each in enumerate(servers.split()):
        own, _, weight = each.partition("*")
        lines.append(f"    - 127.0.0.1:{11211 + number}:{weight or 1} {own}")
    return "\n".join(lines) + "\n"
