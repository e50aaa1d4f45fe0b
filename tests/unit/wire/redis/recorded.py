"""What a real redis-server answered; C{python -m tools.refreshcommands} asks again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nuttwist.wire.redis.commandtable import find, unknownCommand, wrongArity
from nuttwist.wire.redis.keys import BadArguments

DATA = Path(__file__).parents[3] / "data/redis"


def recorded(name: str) -> list[Any]:
    """The content of a file: command lines, each with the answer."""
    return json.loads((DATA / name).read_text("ascii"))


def arguments(words: list[str]) -> list[bytes]:
    """A recorded command line as the bytes that were sent."""
    return [word.encode("latin-1") for word in words]


def keysOf(args: list[bytes]) -> list[bytes]:
    """The keys that the table finds in a command."""
    command = find(args)
    assert command is not None, args
    assert wrongArity(command, args) is None
    return [args[index] for index in command.keys(args)]


def refusal(args: list[bytes]) -> bytes | None:
    """The error for a request, in the order in which a server looks; None when it is fine."""
    command = find(args)
    if command is None:
        return unknownCommand(args)
    wrong = wrongArity(command, args)
    if wrong is not None:
        return wrong
    try:
        command.keys(args)
    except BadArguments as error:
        return error.text
    return None
