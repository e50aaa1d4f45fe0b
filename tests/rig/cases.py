"""
Case files: recorded conversations as data, see tests/data/transcripts/README.md for the format.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Case = dict[str, Any]

DATA = Path(__file__).resolve().parent.parent / "data"

READ_SIZE = 65536

POOL_HEAD = re.compile(r"(?m)^(\S[^\n]*:[ ]*\n)([ ]+)")
"""The line with a pool's name, and the indentation of its keys."""


def decoded(value: Any) -> bytes:
    """
    Read bytes in the notation of the case files.

    @param value: latin-1 text, a run, base64, a list of them, or None for nothing.
    """
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, dict) and "b64" in value:
        return base64.b64decode(value["b64"])
    if isinstance(value, dict) and "rep" in value:
        return value["rep"].encode("latin-1") * value["n"]
    parts = value["parts"] if isinstance(value, dict) else value or ()
    return b"".join(map(decoded, parts))


def chunksOf(value: Any) -> list[bytes]:
    """Read the C{data} of a C{send} step: a list there means separate writes."""
    return list(map(decoded, value)) if isinstance(value, list) else [decoded(value)]


def load(names: Iterable[str]) -> list[Case]:
    """
    Read the cases of some files, in order.

    @param names: patterns of file names in tests/data/transcripts.
    """
    paths = [path for name in names for path in sorted((DATA / "transcripts").glob(name))]
    return [case for path in paths for case in json.loads(path.read_bytes())["cases"]]


def loadReasons(name: str) -> dict[str, str]:
    """
    Read a list of accepted differences.

    @param name: a file in tests/data of lines C{case: reason}; lines with C{#} are comments.
    @return: the reason of each case.
    @raise ValueError: a case without a reason, or listed twice.
    """
    found: dict[str, str] = {}
    for line in (DATA / name).read_text().splitlines():
        case, _, reason = map(str.strip, line.partition(":"))
        if line.startswith("#") or not case:
            continue
        if not reason or case in found:
            raise ValueError(f"{name}: {line!r} needs a reason, and to be there once")
        found[case] = reason
    return found


def runsIn(value: Any) -> int:
    """Count the bytes in the runs of a case: what makes one long is always written so."""
    if isinstance(value, dict):
        return value["n"] if "rep" in value else runsIn(list(value.values()))
    return sum(map(runsIn, value)) if isinstance(value, list) else 0


def readSizeOf(case: Case) -> int:
    """Give how many bytes the proxy reads at once: the C{-m} of its arguments, or as usual."""
    arguments = case.get("proxy_args", ())
    return int(arguments[arguments.index("-m") + 1]) if "-m" in arguments else READ_SIZE


def kindOf(case: Case) -> str:
    """Is the case C{required}, a C{quirk} or a C{hangup}?"""
    return str(case.get("kind", "required"))


def withPoolKey(case: Case, extra: str) -> Case:
    """
    Give every pool of a case one more key.

    @param extra: a line C{key: value}.
    """
    config = POOL_HEAD.sub(rf"\g<1>\g<2>{extra}\n\g<2>", case["config"])
    return {**case, "config": config}


def whyNot(case: Case) -> str | None:
    """
    Say why a case cannot be played in memory, or None if it can.

    @param case: a case of any file.
    """
    if case.get("unstable"):
        return "its timing was not stable when it was recorded"
    if any(step["do"] == "proxy" for step in case["steps"]):
        return "signals need a process"
    if any(backend["type"] == "redis" for backend in case["backends"]):
        return "a real redis server needs a process"
    return None
