"""The wire and the ring are pure: they work without a reactor and do not bring one along."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, pkgutil, sys
room = importlib.import_module(sys.argv[1])
found = [each.name for each in pkgutil.walk_packages(room.__path__, room.__name__ + ".")]
for name in found:
    importlib.import_module(name)
print(len(found), "twisted.internet" in sys.modules)
"""


@pytest.mark.parametrize("room", ["nuttwist.wire", "nuttwist.ring"])
def test_noModuleOfAPureRoomImportsTwistedInternet(room):
    """In a fresh interpreter, importing all of a room leaves twisted.internet unimported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, room], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, impure = done.stdout.split()
    assert int(count) > 0
    assert impure == "False"
