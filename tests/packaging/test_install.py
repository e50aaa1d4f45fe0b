"""
What a user's pip does with nuttwist.

The plugin lives in Twisted's own namespace, where a packaging mistake loses it or damages the
user's Twisted, so the environments here are real ones with a Twisted of their own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = "twisted/plugins/nutproxy_plugin.py"
SECONDS = 240
"""How long any one step may take, a download of the dependencies included."""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and hand over its status and what it said on both streams."""
    return subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def succeed(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, and return what it said."""
    ended = run(*command, cwd=cwd)
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


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as a clone would have it, so that nothing is built into this one."""
    copy = tmp_path_factory.mktemp("source") / "nuttwist"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "_trial*")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the source archive."""
    out = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture
def makeEnvironment(tmp_path: Path) -> Callable[[], Environment]:
    """Makes an environment with only pip in it."""
    return lambda: Environment(tmp_path)


def test_wheelHoldsThePackageAndThePlugin(source: Path, wheel: Path) -> None:
    """The wheel is nuttwist and the plugin file: no conf, no tests, nothing of Twisted's."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {
        str(path.relative_to(source))
        for path in (source / "nuttwist").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert held == package | {PLUGIN}


def test_wheelGivesTwistdTheCommandAndTakesItAway(
    wheel: Path, makeEnvironment: Callable[[], Environment]
) -> None:
    """A wheel brings what the command needs; uninstalling it leaves Twisted whole."""
    environment = makeEnvironment()
    environment.pip("install", wheel)
    before = environment.commands()
    described = environment.run("twistd", "nutproxy", "--describe-stats")
    environment.pip("uninstall", "-y", "nuttwist")
    assert "nutproxy" in before
    assert (described.returncode, "forward_error" in described.stdout) == (0, True)
    assert environment.commands() == before - {"nutproxy"}


def test_editableInstallOffersTheCommand(
    source: Path, makeEnvironment: Callable[[], Environment]
) -> None:
    """A developer's editable install shows twistd the plugin too, and runs from the tree."""
    environment = makeEnvironment()
    environment.pip("install", "-e", source)
    where = environment.run("python", "-c", "import nuttwist; print(nuttwist.__file__)")
    assert "nutproxy" in environment.commands()
    assert where.stdout.strip() == str(source / "nuttwist" / "__init__.py")
