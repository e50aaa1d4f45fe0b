"""A hostile client beside clients that hold the proxy to every byte, on one server connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECONDS = 10


@pytest.mark.parametrize("dialect", ["memcached", "redis"])
def test_tenSecondsBesideAHostileClient(dialect: str) -> None:
    """What it sends, cuts and resets changes no reply of another, and costs no connection."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.victims", dialect, f"--minutes={SECONDS / 60}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
