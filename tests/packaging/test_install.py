"""
What a user's pip does with nuttwist.

The plugin lives in Twisted's own namespace, where a packaging mistake loses it or damages the
user's Twisted, so the environments here are real ones with a Twisted of their own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.packaging.environment import Environment

PLUGIN = "twisted/plugins/nutproxy_plugin.py"


def test_wheelHoldsThePackageAndThePlugin(source: Path, wheel: Path) -> None:
    """But for the compiled core, the wheel is nuttwist and the plugin: nothing of Twisted's."""
    with zipfile.ZipFile(wheel) as archive:
        held = {
            name
            for name in archive.namelist()
            if ".dist-info/" not in name and not name.endswith(".so")
        }
    package = {
        str(path.relative_to(source))
        for path in (source / "nuttwist").rglob("*")
        if path.suffix in (".py", ".json", ".pxd", ".pyx", ".html", ".css", ".js", ".svg")
        or path.name == "py.typed"
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
    # What was edited is what runs: there is nothing compiled that could be older.
    assert environment.form() == "pure Python"
    assert list(source.rglob("*.so")) == []
    assert where.stdout.strip() == str(source / "nuttwist" / "__init__.py")
