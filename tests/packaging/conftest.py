"""What the packaging tests start from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.packaging.environment import Environment, succeed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """A copy of the tree as a clone would have it, so that nothing is built into this one."""
    copy = tmp_path_factory.mktemp("source") / "nuttwist"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "_trial*")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    return copy


@pytest.fixture(scope="session")
def wheel(source, tmp_path_factory):
    """The wheel that is built from the source archive, without a word from the project."""
    out = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    said = succeed(*build, source, cwd=out)
    assert "nuttwist: " not in said
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture
def makeEnvironment(tmp_path):
    """Makes an environment with only pip in it."""
    return lambda: Environment(tmp_path)
