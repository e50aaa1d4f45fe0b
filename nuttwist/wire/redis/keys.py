"""
Which arguments of a command are keys.

A finder takes the arguments, name included, of a command whose number of arguments is right, and
returns the indices of the keys in the order in which the server names them. Most commands have
them at fixed places; those that count their keys, or name some by a word, have a row in L{RULES}.

An argument list in which the keys cannot be told is refused with the text that redis 7.0 has for
it. Whatever else may be wrong with the arguments is left to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

Finder = Callable[[Sequence[bytes]], Sequence[int]]

SYNTAX = b"ERR syntax error"
NOT_AN_INTEGER = b"ERR value is not an integer or out of range"
WRONG_ARITY = b"ERR wrong number of arguments for '%s' command"
UNBALANCED = (
    b"ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
)

#: As redis reads a number (util.c, string2ll): no sign but a minus, no zeros before it.
_INTEGER = re.compile(rb"(?:0|-?[1-9][0-9]{0,18})\Z")
_INT64 = range(-(2**63), 2**63)


class BadArguments(ValueError):
    """
    The keys of a command cannot be told.

    @ivar text: what redis would answer, without the minus sign and the line end.
    """

    def __init__(self, text: bytes) -> None:
        super().__init__(text)
        self.text = text


def integer(text: bytes) -> int | None:
    """
    The number that redis reads in an argument, or L{None} where it reads none.
    """
    if _INTEGER.match(text) is None:
        return None
    number = int(text)
    return number if number in _INT64 else None


def fixed(first: int, last: int, step: int) -> Finder:
    """
    Keys at fixed places, as the server's own table has them.

    @param first: index of the first key; 0 when there is none.
    @param last: index of the last, counted from the end when negative.
    @param step: from a key to the next.
    """
    if last < 0:
        return lambda args: range(first, len(args) + last + 1, step)
    places = range(first, last + 1, step) if first else range(0)
    return lambda _args: places


def pairs(name: bytes) -> Finder:
    """
    Each key with a value behind it.

    @param name: of the command, for the error.
    """

    def find(args: Sequence[bytes]) -> Sequence[int]:
        if len(args) % 2 == 0:
            raise BadArguments(WRONG_ARITY % name)
        return range(1, len(args), 2)

    return find


@attrs.frozen
class Counted:
    """
    Keys behind an argument that says how many they are.

    @ivar at: index of the number.
    @ivar before: indices of keys that come before it.
    @ivar least: the smallest number of keys.
    @ivar after: how many arguments there must be behind the keys.
    @ivar notNumber: the error for what is no number.
    @ivar tooFew: the error for less than C{least}.
    @ivar tooMany: the error for more than there are arguments.
    """

    at: int
    tooFew: bytes
    tooMany: bytes
    notNumber: bytes = NOT_AN_INTEGER
    least: int = 1
    before: tuple[int, ...] = ()
    after: int = 0

    def __call__(self, args: Sequence[bytes]) -> Sequence[int]:
        count = integer(args[self.at])
        start = self.at + 1
        if count is None:
            raise BadArguments(self.notNumber)
        if count < self.least:
            raise BadArguments(self.tooFew)
        if count > len(args) - start - self.after:
            raise BadArguments(self.tooMany)
        return [*self.before, *range(start, start + count)]


def _options(
    args: Sequence[bytes], start: int, takes: Mapping[bytes, int]
) -> Iterator[tuple[bytes, int]]:
    """
    The words that stand where an option may, each with its index.

    @param takes: how many arguments an option has; a word that is not in it has none.
    """
    at = start
    while at < len(args):
        word = args[at].lower()
        yield word, at
        at += 1 + takes.get(word, 0)


def storing(start: int, takes: Mapping[bytes, int], *words: bytes) -> Finder:
    """
    One key first, and perhaps one behind an option; of several such options the last counts.

    @param start: index of the first option.
    @param takes: how many arguments each option has.
    @param words: the options that a key follows.
    """

    def find(args: Sequence[bytes]) -> Sequence[int]:
        stores = [at + 1 for word, at in _options(args, start, takes) if word in words]
        return [1, *(at for at in stores[-1:] if at < len(args))]

    return find


#: t_stream.c, xreadCommand.
_READ_TAKES = {b"block": 1, b"count": 1, b"group": 2, b"noack": 0}


def streams(args: Sequence[bytes]) -> Sequence[int]:
    """
    The keys of XREAD and XREADGROUP: the first half of what follows STREAMS.
    """
    for word, at in _options(args, 1, _READ_TAKES):
        if word == b"streams" and at + 1 < len(args):
            count, odd = divmod(len(args) - at - 1, 2)
            if odd:
                raise BadArguments(UNBALANCED)
            return range(at + 1, at + 1 + count)
        if word not in _READ_TAKES:
            break
    raise BadArguments(SYNTAX)


def blocks(args: Sequence[bytes]) -> bool:
    """
    True when an XREAD or XREADGROUP may wait for entries to come.
    """
    for word, _ in _options(args, 1, _READ_TAKES):
        if word not in _READ_TAKES:
            break
        if word == b"block":
            return True
    return False


@attrs.frozen
class Rule:
    """
    How the keys of a command are found when they are not all at fixed places.

    @ivar about: the rule in words, for the documentation.
    """

    find: Finder
    about: str


_NOT_THAT_MANY = b"ERR Number of keys can't be greater than number of args"
_NOT_NEGATIVE = b"ERR Number of keys can't be negative"
_NO_COUNT = b"ERR numkeys should be greater than 0"
_NO_INPUT = b"ERR at least 1 input key is needed for '%s' command"

_SCRIPT = Rule(Counted(2, _NOT_NEGATIVE, _NOT_THAT_MANY, least=0), "counted by argument 2")
_FUNCTION = Rule(
    Counted(2, _NOT_NEGATIVE, _NOT_THAT_MANY, b"ERR Bad number of keys provided", least=0),
    "counted by argument 2",
)
_POP = Rule(Counted(1, _NO_COUNT, SYNTAX, _NO_COUNT, after=1), "counted by argument 1")
_COUNT = Rule(Counted(1, _NO_COUNT, _NOT_THAT_MANY, _NO_COUNT), "counted by argument 1")
_STREAMS = Rule(streams, "after STREAMS")


def _combined(name: bytes) -> Rule:
    return Rule(Counted(1, _NO_INPUT % name, SYNTAX), "counted by argument 1")


def _combinedInto(name: bytes) -> Rule:
    combined = Counted(2, _NO_INPUT % name, SYNTAX, before=(1,))
    return Rule(combined, "1, and counted by argument 2")


def _geo(start: int) -> Rule:
    takes = {b"count": 1, b"store": 1, b"storedist": 1}
    return Rule(storing(start, takes, b"store", b"storedist"), "1, and after STORE or STOREDIST")


RULES: dict[bytes, Rule] = {
    b"eval": _SCRIPT,
    b"eval_ro": _SCRIPT,
    b"evalsha": _SCRIPT,
    b"evalsha_ro": _SCRIPT,
    b"fcall": _FUNCTION,
    b"fcall_ro": _FUNCTION,
    b"georadius": _geo(6),
    b"georadiusbymember": _geo(5),
    b"lmpop": _POP,
    b"mset": Rule(pairs(b"mset"), "each second from 1"),
    b"msetnx": Rule(pairs(b"msetnx"), "each second from 1"),
    b"sintercard": _COUNT,
    b"sort": Rule(
        storing(2, {b"limit": 2, b"get": 1, b"by": 1, b"store": 1}, b"store"), "1, and after STORE"
    ),
    b"xread": _STREAMS,
    b"xreadgroup": _STREAMS,
    b"zdiff": _combined(b"zdiff"),
    b"zdiffstore": _combinedInto(b"zdiffstore"),
    b"zinter": _combined(b"zinter"),
    b"zintercard": _combined(b"zintercard"),
    b"zinterstore": _combinedInto(b"zinterstore"),
    b"zmpop": _POP,
    b"zunion": _combined(b"zunion"),
    b"zunionstore": _combinedInto(b"zunionstore"),
}
