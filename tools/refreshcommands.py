"""
Asks a real redis-server what the command table of redis pools is made of and tested with.

    python -m tools.refreshcommands

writes its commands into the package, and its answers about the command lines that are listed in
tests/data/redis behind each line: which arguments are keys, and how it refuses what is wrong.
A line is added with null for an answer. redis-server must be on the path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.redisserver import Conversation

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "nuttwist/wire/redis/data/commands-7.0.json"
KEYS = ROOT / "tests/data/redis/getkeys.json"
REFUSALS = ROOT / "tests/data/redis/refusals.json"


def rows(listed: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """
    The rows of a reply to COMMAND, of subcommands too.
    """
    for name, arity, flags, first, last, step, _, _, _, subcommands in listed:
        words = " ".join(flag.decode().removeprefix("+") for flag in flags)
        yield name.decode(), [arity, words, first, last, step]
        yield from rows(subcommands)


def refreshTable(redis: Conversation) -> None:
    """
    Write the package's table: one command a line, sorted.
    """
    listed: Any = redis.ask(b"COMMAND")
    lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(rows(listed))]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "ascii")


def refreshAnswers(redis: Conversation, path: Path, *before: bytes) -> None:
    """
    Ask again about every line of a file, and write the answers behind the lines.

    @param before: what is put before each line.
    """
    lines = []
    for words, _ in json.loads(path.read_text("ascii")):
        reply = redis.ask(*before, *(word.encode("latin-1") for word in words))
        lines.append(f"{json.dumps(words)}, {json.dumps(_shown(reply))}")
    path.write_text("[\n[" + "],\n[".join(lines) + "]\n]\n", "ascii")


def _shown(reply: Any) -> Any:
    if isinstance(reply, list):
        return [_shown(each) for each in reply]
    return reply.decode("latin-1") if isinstance(reply, bytes) else reply


def main() -> None:
    """
    Refresh everything.
    """
    with Conversation() as redis:
        refreshTable(redis)
        refreshAnswers(redis, KEYS, b"COMMAND", b"GETKEYS")
        refreshAnswers(redis, REFUSALS)


if __name__ == "__main__":
    main()
