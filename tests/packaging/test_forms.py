"""
The two forms of the core: which wheel has which, and what is said of it.

The machine that runs these tests has a C compiler.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.packaging.environment import succeed

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


@pytest.fixture
def build(source: Path, tmp_path: Path):
    """Builds a wheel in a tree of its own, and hands over what was said and the wheel."""

    def build(**variables: str) -> tuple[list[str], Path]:
        tree, out = tmp_path / "tree", tmp_path / "dist"
        shutil.copytree(source, tree)
        command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out)
        said = succeed(*command, tree, cwd=tmp_path, **variables)
        (wheel,) = out.glob("*.whl")
        lines = [line for line in said.splitlines() if line.startswith("nuttwist: ")]
        return lines, wheel

    return build


def compiled(wheel: Path) -> set[str]:
    """The modules of a wheel that are there in C too."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    found = {name.removesuffix(SUFFIX) for name in names if name.endswith(".so")}
    assert {f"{name}.py" for name in found if "__mypyc" not in name} <= names
    return found


def test_whereThereIsACompilerTheCoreIsCompiled(wheel, makeEnvironment) -> None:
    """The wheel is for this Python and machine, has the sources beside, and runs compiled."""
    environment = makeEnvironment()
    environment.pip("install", wheel)
    version = environment.run("twistd", "nutproxy", "--version").stdout
    assert compiled(wheel) > {"nuttwist/wire/request", "nuttwist/wire/memcache/requests"}
    assert not wheel.name.endswith("-none-any.whl")
    assert environment.form() == "compiled core"
    assert version.endswith(" (compiled core)\n")


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("NUTTWIST_PURE", "1", "NUTTWIST_PURE is set"),
        ("CC", "no-such-compiler", "there is no C compiler (no-such-compiler)"),
    ],
)
def test_withoutACompilerTheWheelIsPureAndSaysSoOnce(
    build, makeEnvironment, variable, value, why
) -> None:
    """One line with the reason, and a wheel for any machine that runs as Python."""
    lines, wheel = build(**{variable: value})
    environment = makeEnvironment()
    environment.pip("install", wheel)
    assert lines == [f"nuttwist: the core is not compiled, it stays pure Python: {why}"]
    assert compiled(wheel) == set()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert environment.form() == "pure Python"


def test_aCompilerThatFailsLeavesNothingBehind(build) -> None:
    """Half a core would not import: there is none, and one line that says why."""
    lines, wheel = build(CC="false")
    (line,) = lines
    assert line.startswith("nuttwist: the core is not compiled, it stays pure Python: ")
    assert compiled(wheel) == set()


def test_pipInstallsWithoutACompiler(source, makeEnvironment, tmp_path, monkeypatch) -> None:
    """From source, with pip's own build environment, and nothing asked for but setuptools."""
    tree = tmp_path / "tree"
    shutil.copytree(source, tree)
    monkeypatch.setenv("CC", "no-such-compiler")
    environment = makeEnvironment()
    said = succeed(
        environment.bin / "python", "-m", "pip", "install", "--verbose", tree, cwd=tmp_path
    )
    assert said.count("the core is not compiled, it stays pure Python") == 1
    assert "mypy" not in said
    assert environment.form() == "pure Python"
