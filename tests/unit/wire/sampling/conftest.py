"""What the tests of sampling are given."""

from __future__ import annotations

import pytest

from .rig import Rig


@pytest.fixture
def rig():
    """Requests slow from one second on, the last three of them kept."""
    return Rig()
