"""
Writes docs/redis-commands.md from the command table.

    python -m tools.redisreference
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from nuttwist.wire.redis.commandtable import COMMANDS, RedisCommand, Route

REFERENCE = Path(__file__).parents[1] / "docs/redis-commands.md"

HEAD = """\
# Redis commands

Every command of redis 7.0, and what a pool with `redis: true` does with it. This page is written
from the table that routes them, by `python -m tools.redisreference`.

- **arguments** counts the name too, and a subcommand; `3+` is three or more. Any other number is
  answered as redis does, and nothing is sent.
- **keys** says which arguments are keys, where the name is argument 0.
- A command with several keys that is not split needs them all on one server; a hash tag
  (`hash_tag`) sees to that. Otherwise it is refused before anything is sent. Commands whose keys
  are counted may have none, and then go to one server.
- *To one server* is always the same one.
- A command that is refused is answered with an error that names it, and the connection stays;
  `on_unsupported: close` closes it.
"""

ROUTED = """
## Routed and answered

| command | arguments | keys | routed | notes |
|---|---|---|---|---|
"""

REFUSED = """
## Refused

"""


def title(command: RedisCommand) -> str:
    """
    The command as a user writes it.
    """
    return command.name.decode().upper().replace("|", " ")


def arguments(command: RedisCommand) -> str:
    """
    How many arguments it has, as the page explains it.
    """
    return f"{-command.arity}+" if command.arity < 0 else str(command.arity)


def row(command: RedisCommand) -> str:
    """
    Its line in the table.
    """
    cells = (
        f"`{title(command)}`",
        arguments(command),
        command.where,
        command.route.value,
        command.about,
    )
    return f"| {' | '.join(cells)} |\n".replace("  ", " ")


def reference() -> str:
    """
    The whole page.
    """
    refused = [each for each in COMMANDS.values() if each.route is Route.UNSUPPORTED]
    routed = [each for each in COMMANDS.values() if each.route is not Route.UNSUPPORTED]
    names = [f"`{title(each)}`" for each in refused if not isContainer(each)]
    return HEAD + ROUTED + "".join(map(row, routed)) + REFUSED + wrapped(names) + "\n"


def wrapped(names: list[str]) -> str:
    """
    Names in a sentence, in lines of the page's width; no name is broken.
    """
    unbroken = ", ".join(name.replace(" ", "\0") for name in names)
    return textwrap.fill(f"{unbroken}.", 100, break_on_hyphens=False).replace("\0", " ")


def isContainer(command: RedisCommand) -> bool:
    """
    True when only its subcommands can be called.
    """
    return command.name + b"|help" in COMMANDS


if __name__ == "__main__":
    REFERENCE.write_text(reference())
