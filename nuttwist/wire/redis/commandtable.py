"""
The table of redis commands, as the proxy sees them.

Names, numbers of arguments, flags and fixed places of keys are a real server's own answer to
COMMAND, kept in C{data/}; L{nuttwist.wire.redis.keys} has the rules for keys at other places and
L{nuttwist.wire.redis.routes} says where each command goes.

A request is looked at in the server's order: L{find} its row or refuse it with
L{unknownCommand}, then L{wrongArity}, then its route and its keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import resources

import attrs

from nuttwist.wire.redis.keys import RULES, WRONG_ARITY, Finder, Rule, blocks, fixed
from nuttwist.wire.redis.routes import NOTES, Route, routeOf

__all__ = [
    "COMMANDS",
    "PLACEHOLDER",
    "RedisCommand",
    "Route",
    "find",
    "unknownCommand",
    "wrongArity",
]

#: The word whose server gets what has no key, as in twemproxy.
PLACEHOLDER = b"placeholder"

#: Bytes of a name, and of arguments, that redis repeats in an error (server.c,
#: commandCheckExistence).
_REPEATED = 128


@attrs.frozen
class RedisCommand:
    """
    A row of the table.

    @ivar name: in lower case, a subcommand as C{b"object|encoding"}.
    @ivar arity: how many arguments there are, name and subcommand included; when negative, how
        many there are at least.
    @ivar flags: the server's, such as C{"readonly"} and C{"denyoom"}.
    @ivar first: index of the first key at a fixed place, 0 when there is none.
    @ivar last: index of the last such key, counted from the end when negative.
    @ivar step: from such a key to the next.
    @ivar keys: finds the indices of the keys in the arguments, name included.
    @ivar onlyKey: index of the key when there is always one at the same place, else 0.
    @ivar where: where its keys are, in words, for the documentation.
    @ivar about: what a user should know beyond the route, for the documentation.
    @ivar branches: its second argument or its options say which row counts; L{find} looks.
    """

    name: bytes
    arity: int
    flags: frozenset[str]
    first: int
    last: int
    step: int
    route: Route
    keys: Finder
    where: str
    about: str = ""
    branches: bool = False

    onlyKey: int = attrs.field(init=False)

    @onlyKey.default
    def _placeOfTheOnlyKey(self) -> int:
        return self.first if self.first == self.last and self.name not in RULES else 0

    @property
    def readOnly(self) -> bool:
        """
        True when the server says that it changes nothing.
        """
        return "readonly" in self.flags


#: Number of arguments, flags, and first, last and step of the keys.
_Recorded = tuple[int, str, int, int, int]

#: Of redis 7.2, without keys: clients send it to any server, and so to any proxy.
_NEWER: dict[str, _Recorded] = {
    "client|no-touch": (3, "noscript loading stale", 0, 0, 0),
    "client|setinfo": (4, "noscript loading stale", 0, 0, 0),
}

#: A channel is no key to the server, but it is routed like one.
_CHANNELS = {b"publish": (1, 1, 1)}

#: Commands that are refused only with an option; the row for that is named as a subcommand's.
_MAY_BLOCK = ("xread", "xreadgroup")


def _recorded() -> dict[str, _Recorded]:
    data = resources.files("nuttwist.wire.redis") / "data" / "commands-7.0.json"
    rows: dict[str, _Recorded] = json.loads(data.read_text("ascii"))
    blocking = {f"{name}|block": rows[name] for name in _MAY_BLOCK}
    return rows | _NEWER | blocking


def _inWords(first: int, last: int) -> str:
    if not first:
        return ""
    if first == last:
        return str(first)
    return f"{first} to the last" if last < 0 else f"{first} and {last}"


def _row(text: str, recorded: _Recorded, branches: bool) -> RedisCommand:
    name = text.encode()
    arity, flags, *places = recorded
    first, last, step = _CHANNELS.get(name, places)
    rule = RULES.get(name) or Rule(fixed(first, last, step), _inWords(first, last))
    return RedisCommand(
        name,
        arity,
        frozenset(flags.split()),
        first,
        last,
        step,
        routeOf(name),
        rule.find,
        rule.about,
        NOTES.get(name, ""),
        branches,
    )


def _rows() -> Iterator[RedisCommand]:
    recorded = _recorded()
    parents = {name.partition("|")[0] for name in recorded if "|" in name}
    for name, row in sorted(recorded.items()):
        yield _row(name, row, name in parents)


#: By name; subcommands are rows of their own.
COMMANDS: dict[bytes, RedisCommand] = {row.name: row for row in _rows()}

_TOP = {name: row for name, row in COMMANDS.items() if b"|" not in name}
_BLOCKING = {name.encode(): COMMANDS[b"%s|block" % name.encode()] for name in _MAY_BLOCK}


def find(args: Sequence[bytes]) -> RedisCommand | None:
    """
    The row for a request.

    @param args: its arguments, at least the name.
    @return: L{None} when redis has no such command or subcommand. A container without a
        subcommand is a row too, one whose arity is never right.
    """
    command = _TOP.get(args[0].lower())
    if command is None or not command.branches or len(args) == 1:
        return command
    if command.name in _BLOCKING:
        return _BLOCKING[command.name] if blocks(args) else command
    return COMMANDS.get(b"%s|%s" % (command.name, args[1].lower()))


def wrongArity(command: RedisCommand, args: Sequence[bytes]) -> bytes | None:
    """
    The error for a wrong number of arguments, without the minus sign and the line end.

    @return: L{None} when the number is right.
    """
    arity = command.arity
    if len(args) == arity or len(args) >= -arity > 0:
        return None
    return WRONG_ARITY % command.name


def _printable(text: bytes) -> bytes:
    """
    What C's printf makes of bytes: it ends at a NUL.
    """
    return text.partition(b"\0")[0][:_REPEATED]


def unknownCommand(args: Sequence[bytes]) -> bytes:
    """
    The error for a request without a row, without the minus sign and the line end.

    @param args: its arguments, at least the name.
    """
    if args[0].lower() in _TOP:
        help_ = b"Try %s HELP." % args[0].upper()
        text = b"ERR unknown subcommand '%s'. %s" % (_printable(args[1]), help_)
    else:
        shown = b""
        for each in args[1:]:
            if len(shown) >= _REPEATED:
                break
            shown += b"'%s' " % _printable(each)[: _REPEATED - len(shown)]
        text = b"ERR unknown command '%s', with args beginning with: %s" % (
            _printable(args[0]),
            shown,
        )
    return text.translate(_ONE_LINE)


#: Line ends would be taken for the end of the error.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
