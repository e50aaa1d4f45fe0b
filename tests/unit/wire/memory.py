"""What something takes in memory while it is done."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any


def peakOf(action: Callable[..., Any], *arguments: Any) -> int:
    """How many bytes more there were than before, at its worst moment."""
    tracemalloc.start()
    try:
        action(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
