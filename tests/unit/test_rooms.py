"""The arrows between the rooms of the package go one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import nuttwist

HOME = Path(nuttwist.__file__).parent

#: What the lower rooms know of the package, beside its version; those above know what they like,
#: as long as nothing goes round.
KNOWN = {
    "wire": set(),
    "ring": set(),
    "logs": set(),
    "config": {"ring"},
    "net": {"wire", "logs"},
    "reactors": {"net"},
    "listening": {"net", "reactors", "config", "logs"},
    "distributor": {"net", "reactors", "config", "logs", "ring", "wire"},
}


def roomOf(module: str) -> str:
    """The room that a module is in, or its own name when it is in none."""
    return module.removeprefix("nuttwist").lstrip(".").partition(".")[0]


def imported(path: Path) -> Iterator[str]:
    """The modules that one names, also those for the type checker only or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """The other rooms that each room imports."""
    found: dict[str, set[str]] = {}
    for path in HOME.rglob("*.py"):
        room = path.relative_to(HOME).with_suffix("").parts[0]
        names = {roomOf(each) for each in imported(path) if each.split(".")[0] == "nuttwist"}
        found.setdefault(room, set()).update(names - {room, ""})
    return found


@pytest.mark.parametrize("room", KNOWN)
def test_aLowRoomKnowsOnlyThoseBelow(arrows, room):
    """The wire and the ring know nobody, sockets know the wire, servers know sockets."""
    assert arrows[room] <= KNOWN[room]


def test_noArrowGoesRound(arrows):
    """No room imports one that imports it, over however many others."""
    order = list(TopologicalSorter(arrows).static_order())
    assert order.index("net") < order.index("distributor") < order.index("pool")
