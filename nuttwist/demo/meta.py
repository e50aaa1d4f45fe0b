"""
The meta commands mg, ms, md, ma, mn and me, with the bytes memcached 1.6.18 answers.

Each reply is a two-letter status and then, for every flag sent that has something to show, a piece in the order sent.
The tables below say which flags those are for each command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from nuttwist.demo.cache import Cache
from nuttwist.demo.items import Item, Mode, Outcome, Write, itemBytes
from nuttwist.demo.metaflags import Flags, checkOpaque, countTokens, decodedKey, readFlags
from nuttwist.demo.numerals import signed32
from nuttwist.demo.replies import (
    Body,
    ClientError,
    Host,
    Result,
    ServerError,
    rendered,
    swallow,
    whole,
)

_KEY_MOST = 250
_LENGTH_MOST = (1 << 31) - 4
_BAD_LINE = "bad command line format"
_STATUS = {
    Outcome.STORED: b"HD",
    Outcome.NOT_STORED: b"NS",
    Outcome.EXISTS: b"EX",
    Outcome.NOT_FOUND: b"NF",
}
_STORE_MODES = {
    b"S": Mode.SET,
    b"E": Mode.ADD,
    b"R": Mode.REPLACE,
    b"A": Mode.APPEND,
    b"P": Mode.PREPEND,
}
_UP = {b"I": True, b"+": True, b"D": False, b"-": False}


@attrs.define
class _Context:
    """
    What the pieces of a reply are made from.

    @ivar won: this request is the one that shall recompute the value.
    @ivar created: the item was made by this request.
    """

    cache: Cache
    flags: Flags
    item: Item | None
    won: bool = False
    created: bool = False

    @property
    def found(self) -> Item:
        assert self.item is not None  # noqa: S101  # the pieces that show an item are only asked with one
        return self.item


_Piece = Callable[[_Context], bytes]


def _remaining(context: _Context) -> int:
    expires = context.found.expires
    return max(0, expires - context.cache.now()) if expires else -1


def _newExpiry(context: _Context) -> bytes:
    context.found.expires = context.cache.deadline(context.flags.numbers["T"])
    return b""


def _recache(context: _Context) -> bytes:
    item, left = context.found, _remaining(context)
    if not item.claimed and not context.created and 0 <= left < context.flags.numbers["R"]:
        context.won = True
    return b""


def _opaque(context: _Context) -> bytes:
    return b"O" + context.flags.given["O"]


def _sentKey(context: _Context) -> bytes:
    return context.flags.shownKey(binary="b" in context.flags)


def _cas(context: _Context) -> bytes:
    return b"c%d" % (context.item.cas if context.item else 0)


_ECHOES: Mapping[str, _Piece] = {"O": _opaque, "k": _sentKey}
_STORED: Mapping[str, _Piece] = {**_ECHOES, "c": _cas}
_COUNTED: Mapping[str, _Piece] = {
    **_STORED,
    "T": _newExpiry,
    "t": lambda context: b"t%d" % _remaining(context),
}
_FETCHED: Mapping[str, _Piece] = {
    **_COUNTED,
    "R": _recache,
    "f": lambda context: b"f%d" % context.found.flags,
    "h": lambda context: b"h%d" % context.found.fetched,
    "k": lambda context: context.flags.shownKey(binary=context.found.binaryKey),
    "l": lambda context: b"l%d" % (context.cache.now() - context.found.used),
    "s": lambda context: b"s%d" % len(context.found.value),
}


def _line(status: bytes, context: _Context, pieces: Mapping[str, _Piece]) -> bytes:
    shown = [pieces[letter](context) for letter in context.flags.given if letter in pieces]
    return b" ".join([status, *filter(None, shown), *_marks(context, pieces)]) + b"\r\n"


def _marks(context: _Context, pieces: Mapping[str, _Piece]) -> list[bytes]:
    if pieces is not _FETCHED:
        return []
    item = context.found
    won = context.won or (item.stale and not item.claimed)
    marks = ((b"Z", item.claimed), (b"X", item.stale), (b"W", won))
    item.claimed = item.claimed or won
    return [mark for mark, shown in marks if shown]


def _key(tokens: list[bytes]) -> bytes:
    if len(tokens[1]) > _KEY_MOST:
        raise ClientError(_BAD_LINE)
    return tokens[1]


def _strictFlags(tokens: list[bytes]) -> Flags:
    key = _key(tokens)
    countTokens(tokens)
    try:
        flags = readFlags(key, tokens[2:])
    except ClientError:
        raise ClientError("invalid or duplicate flag") from None
    checkOpaque(flags)
    return flags


def _create(cache: Cache, flags: Flags, value: bytes) -> Item | None:
    cache.store(Write(Mode.ADD, flags.key, value, exptime=flags.numbers["N"]))
    return cache.peek(flags.key)


def metaGet(host: Host, tokens: list[bytes]) -> bytes:
    """mg: fetch, and make an empty item on a miss when N asks for it."""
    key = _key(tokens)
    countTokens(tokens, "options flags are too long")
    flags = readFlags(key, tokens[2:])
    checkOpaque(flags)
    cache = host.cache
    context = _Context(cache, flags, cache.peek(flags.key))
    cache.counters["get_misses" if context.item is None else "get_hits"] += 1
    if context.item is None and "N" in flags:
        context = _Context(cache, flags, _create(cache, flags, b""), won=True, created=True)
    if context.item is None:
        return b"" if "q" in flags else _line(b"EN", context, _ECHOES)
    return _fetched(context, context.item)


def _fetched(context: _Context, item: Item) -> bytes:
    wanted = "v" in context.flags
    status = b"VA %d" % len(item.value) if wanted else b"HD"
    line = _line(status, context, _FETCHED)
    context.cache.bump(context.flags.key, item)
    return line + item.value + b"\r\n" if wanted else line


def metaSet(host: Host, tokens: list[bytes]) -> Result:
    """ms: store; a mistake in the flags swallows the value that follows."""
    key = _key(tokens)
    if len(tokens) == 2:
        raise ClientError(_BAD_LINE)
    countTokens(tokens)
    length = _length(tokens[2])
    try:
        flags = readFlags(key, tokens[3:])
        checkOpaque(flags)
        write = _write(flags)
        _refuseUnfit(host.cache, write, length)
    except (ClientError, ServerError) as error:
        return swallow(length, rendered(error))
    return Body(length + 2, lambda data: _stored(host.cache, flags, write, whole(data)))


def _length(token: bytes) -> int:
    try:
        length = signed32(token)
    except ValueError:
        length = -1
    if not 0 <= length <= _LENGTH_MOST:
        raise ClientError(_BAD_LINE)
    return length


def _write(flags: Flags) -> Write:
    mode = _STORE_MODES.get(flags.given.get("M", b"S"))
    if mode is None:
        raise ClientError("invalid mode for ms M token")
    if "C" in flags and mode in (Mode.SET, Mode.REPLACE):
        mode = Mode.CAS
    number = flags.numbers.get
    return Write(
        mode,
        flags.key,
        b"",
        number("F", 0),
        number("T", 0),
        number("C"),
        "I" in flags,
        "b" in flags,
    )


def _refuseUnfit(cache: Cache, write: Write, length: int) -> None:
    refusal = cache.refuse(write, length)
    if refusal is Outcome.TOO_LARGE:
        raise ServerError("object too large for cache")
    if refusal is not None:
        raise ServerError("out of memory storing object")


def _stored(cache: Cache, flags: Flags, write: Write, value: bytes) -> bytes:
    outcome = cache.store(attrs.evolve(write, value=value))
    if outcome is Outcome.STORED and "q" in flags:
        return b""
    item = cache.peek(flags.key) if outcome is Outcome.STORED else None
    return _line(_STATUS[outcome], _Context(cache, flags, item), _STORED)


def metaDelete(host: Host, tokens: list[bytes]) -> bytes:
    """md: delete, or with I leave the item in place, marked as stale."""
    flags = _strictFlags(tokens)
    item = host.cache.peek(flags.key)
    status = _deleted(host.cache, flags, item)
    if status == b"HD" and "q" in flags:
        return b""
    return _line(status, _Context(host.cache, flags, item), _ECHOES)


def _deleted(cache: Cache, flags: Flags, item: Item | None) -> bytes:
    if item is not None and flags.numbers.get("C", item.cas) != item.cas:
        return b"EX"
    if item is None or "I" not in flags:
        return b"HD" if cache.delete(flags.key) else b"NF"
    cache.invalidate(item)
    if "T" in flags:
        item.expires = cache.deadline(flags.numbers["T"])
    return b"HD"


def metaArithmetic(host: Host, tokens: list[bytes]) -> bytes:
    """ma: count up or down, and start a counter on a miss when N asks for it."""
    flags = _strictFlags(tokens)
    up = _UP.get(flags.given.get("M", b"I"))
    if up is None:
        raise ClientError("invalid mode for ma M token")
    cache, number = host.cache, flags.numbers.get
    changed = cache.change(flags.key, number("D", 1), up=up, cas=number("C", 0))
    if changed is Outcome.NOT_FOUND and "N" in flags:
        changed = number("J", 0)
        return _counted(_Context(cache, flags, _create(cache, flags, b"%d" % changed)), changed)
    if changed is Outcome.NON_NUMERIC:
        raise ClientError("cannot increment or decrement non-numeric value")
    context = _Context(cache, flags, cache.peek(flags.key))
    if isinstance(changed, Outcome):
        return _line(_STATUS[changed], context, _ECHOES)
    reply = _counted(context, changed)
    return b"" if "q" in flags else reply


def _counted(context: _Context, number: int) -> bytes:
    if "v" not in context.flags:
        return _line(b"HD", context, _COUNTED)
    digits = b"%d" % number
    return _line(b"VA %d" % len(digits), context, _COUNTED) + digits + b"\r\n"


def metaNoop(host: Host, tokens: list[bytes]) -> bytes:
    """mn: answer, so that a client knows that everything before it is answered."""
    return b"MN\r\n"


def metaDebug(host: Host, tokens: list[bytes]) -> bytes:
    """me: tell what is known of an item, without using it."""
    if not 2 <= len(tokens) <= 3:
        raise ClientError(_BAD_LINE)
    key = _key(tokens)
    if tokens[2:] and tokens[2].startswith(b"b"):
        key = _debuggedKey(key)
    item = host.cache.peek(key)
    return b"EN\r\n" if item is None else _debug(host.cache, key, item)


def _debuggedKey(token: bytes) -> bytes:
    try:
        return decodedKey(token)
    except ClientError:
        raise ClientError(_BAD_LINE) from None


def _debug(cache: Cache, key: bytes, item: Item) -> bytes:
    now = cache.now()
    shown = Flags(key).shownKey(binary=item.binaryKey).removeprefix(b"k").removesuffix(b" b")
    facts = {
        "exp": now - item.expires if item.expires else -1,
        "la": now - item.used,
        "cas": item.cas,
        "fetch": "yes" if item.fetched else "no",
        "cls": 1,
        "size": itemBytes(key, len(item.value), item.flags),
    }
    text = " ".join(f"{name}={value}" for name, value in facts.items())
    return b"ME %b %b\r\n" % (shown, text.encode())


META: dict[bytes, tuple[Callable[[Host, list[bytes]], Result], int]] = {
    b"mg": (metaGet, 2),
    b"ms": (metaSet, 2),
    b"md": (metaDelete, 2),
    b"ma": (metaArithmetic, 2),
    b"mn": (metaNoop, 1),
    b"me": (metaDebug, 1),
}
