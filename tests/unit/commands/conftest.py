"""What the tests of subcommands are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.commands.asking import Asking


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Asking:
    """Run commands in this process."""
    return Asking(capsys, tmp_path)
