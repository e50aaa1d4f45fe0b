"""
Waits for what is written to a file, told of it by the kernel; see inotify(7).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from inotify_simple import INotify, flags

T = TypeVar("T")

_WRITTEN = flags.MODIFY | flags.CREATE | flags.MOVED_TO


def untilWritten(path: Path, look: Callable[[], T], seconds: float) -> T:
    """
    Look whenever something is written, until there is something to see.

    @param path: a file, or the directory in which one will be.
    @param seconds: how long, at most.
    @return: what was seen; what is false, if it was nothing.
    """
    deadline = time.monotonic() + seconds
    with INotify() as changes:
        changes.add_watch(path, _WRITTEN)
        while not (seen := look()) and (left := deadline - time.monotonic()) > 0:
            changes.read(timeout=round(left * 1000))
        return seen
