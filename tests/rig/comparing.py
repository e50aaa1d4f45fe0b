"""What a player compares, and how it says what is different."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.logger import LogEvent, globalLogPublisher


def selected(tree: Any, paths: list[str]) -> dict[str, Any]:
    """Pick values out of nested mappings by paths like C{pool/server/key}; None if missing."""

    def at(path: str) -> Any:
        found = tree
        for part in path.split("/"):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    return {path: at(path) for path in paths}


def shape(tree: Any) -> Any:
    """Reduce nested mappings to their keys, in order, and the types of the values."""
    if isinstance(tree, dict):
        return [[key, shape(value)] for key, value in tree.items()]
    return type(tree).__name__


def shown(data: bytes, limit: int = 300) -> str:
    """Write bytes for a person, the middle left out when there are many."""
    if len(data) <= limit:
        return repr(data)[1:]
    return f"{data[: limit // 2]!r} ...({len(data)} bytes)... {data[-limit // 2 :]!r}"


@contextmanager
def loggedFailures(differences: list[str]) -> Iterator[None]:
    """Count every exception that only reached the log as a difference."""

    def observe(event: LogEvent) -> None:
        failure = event.get("log_failure", event.get("failure"))  # the new way, the old way
        if failure is not None:
            differences.append(f"logged: {failure.getTraceback()}")

    globalLogPublisher.addObserver(observe)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(observe)
