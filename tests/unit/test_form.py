"""What nuttwist says of the form it runs in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import nuttwist
import nuttwist.wire.request
from nuttwist.form import described, form
from nuttwist.options import Options
from nuttwist.ring import hashes
from nuttwist.wire.memcache import replies, requests
from nuttwist.wire.redis import requests as redis

COMPILED = not nuttwist.wire.request.__file__.endswith(".py")


def test_theFormIsThatOfTheCodeThatRuns():
    """Python's own word for where a module came from decides."""
    assert form() == ("compiled core" if COMPILED else "pure Python")


def test_theCoreIsOfOneForm():
    """A module that every request passes through is no exception."""
    parts = (hashes, replies, requests, redis)
    assert {not part.__file__.endswith(".py") for part in parts} == {COMPILED}


def test_theVersionOfThePackageHasTheFormAsItsLabel():
    """A version as Python has them, which pip's own is the beginning of."""
    label = "compiled" if COMPILED else "pure"
    assert nuttwist.__version__ == f"{nuttwist.VERSION}+{label}"


def test_versionTellsTheForm(capsys):
    """C{--version} has the bare version and, behind it, the form."""
    with pytest.raises(SystemExit) as ended:
        Options().parseOptions(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().err == f"This is nuttwist-{nuttwist.VERSION} ({form()})\n"


def test_runningThePackageTellsTheForm():
    """C{python -m nuttwist --version} says the same, without loading what it does not need."""
    program = (
        "import runpy, sys; sys.argv[1:] = ['--version']\n"
        "try: runpy.run_module('nuttwist', run_name='__main__')\n"
        "except SystemExit: print([each in sys.modules for each in ('twisted', 'rich')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"This is {described()}\n[False, False]\n"
