"""Real environments for the tests, and the commands they run there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SECONDS = 240
"""How long any one step may take, a download of the dependencies included."""


def run(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """
    Run a command to its end and hand over its status and what it said on both streams.

    @param more: variables for its environment.
    """
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def succeed(*command: str | Path, cwd: Path, **more: str) -> str:
    """Run a command that must succeed, and return what it said."""
    ended = run(*command, cwd=cwd, **more)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


class Environment:
    """
    A fresh virtual environment, used from a directory that has nothing to do with the project.

    @ivar bin: Where its programs are.
    """

    def __init__(self, where: Path) -> None:
        self.where = where
        self.bin = where / "environment" / "bin"
        succeed(sys.executable, "-m", "venv", where / "environment", cwd=where)

    def pip(self, *arguments: str | Path) -> None:
        """Run its pip."""
        succeed(self.bin / "python", "-m", "pip", "--quiet", *arguments, cwd=self.where)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs."""
        return run(self.bin / program, *arguments, cwd=self.where)

    def commands(self) -> set[str]:
        """The services that its twistd offers."""
        said = succeed(self.bin / "twistd", "--help", cwd=self.where)
        _, _, listed = said.partition("Commands:\n")
        return set(re.findall(r"^ {4}(\w\S*)", listed, re.MULTILINE))

    def form(self) -> str:
        """Which form the installed nuttwist says it has."""
        return self.run("nutproxy", "--version").stdout.partition("(")[2].rstrip(")\n")
