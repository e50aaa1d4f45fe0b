"""What processes have open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

CONNECTION = "a connection"
"""A TCP socket that does not listen, or what was closed while it was looked at."""

_CLOSED = "socket:"
_LISTENS = "0A"


def opened(pids: Iterable[int]) -> dict[int, Counter[str]]:
    """
    Look at all descriptors.

    @return: how many of a kind each process has; listeners by their addresses.
    """
    links = {pid: _links(pid) for pid in pids}
    sockets = {**_listeners(), **_unix()}
    return {pid: Counter(_kind(each, sockets) for each in links[pid]) for pid in links}


def _links(pid: int) -> list[str]:
    return [_link(each) for each in Path(f"/proc/{pid}/fd").iterdir()]


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return _CLOSED


def _kind(link: str, sockets: dict[str, str]) -> str:
    if link.startswith("socket:"):
        return sockets.get(link, CONNECTION)
    # Each pipe and each file without a name has a number.
    return re.sub(r"\d+", "", link)


def _listeners() -> dict[str, str]:
    rows = [each.split() for each in Path("/proc/net/tcp").read_text().splitlines()]
    return {f"socket:[{each[9]}]": f"listens on {each[1]}" for each in rows if each[3] == _LISTENS}


def _unix() -> dict[str, str]:
    rows = [each.split() for each in Path("/proc/net/unix").read_text().splitlines()]
    return {f"socket:[{each[6]}]": "a unix socket" for each in rows}
