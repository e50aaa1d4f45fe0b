"""
The meta commands mg, ms, md, ma, mn and me, with the bytes that memcached 1.6.18 answers.

Each handler reads its flags, asks the store, and leaves the wording to L{nuttwist.demo.metareply}.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from nuttwist.demo.arguments import BAD_LINE, keyOf, lengthOf
from nuttwist.demo.cache import Cache
from nuttwist.demo.items import Item, Mode, Outcome, Write, itemBytes
from nuttwist.demo.metaflags import Flags, checkOpaque, countTokens, decodedKey, readFlags
from nuttwist.demo.metareply import COUNTED, ECHOES, FETCHED, STORED, Context, replyLine
from nuttwist.demo.replies import (
    Body,
    ClientError,
    Host,
    Result,
    ServerError,
    rendered,
    swallow,
    troubleOf,
    whole,
)

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


def _strictFlags(tokens: list[bytes]) -> Flags:
    key = keyOf(tokens[1])
    countTokens(tokens)
    try:
        flags = readFlags(key, tokens[2:])
    except ClientError:
        raise ClientError("invalid or duplicate flag") from None
    checkOpaque(flags)
    return flags


def _create(cache: Cache, flags: Flags, value: bytes) -> Context:
    cache.store(Write(Mode.ADD, flags.key, value))
    return Context(cache, flags, cache.peek(flags.key), won=True, created=True)


def metaGet(host: Host, tokens: list[bytes]) -> bytes:
    """mg: fetch, and make an empty item on a miss when N asks for it."""
    key = keyOf(tokens[1])
    countTokens(tokens, "options flags are too long")
    flags = readFlags(key, tokens[2:])
    checkOpaque(flags)
    cache = host.cache
    context = Context(cache, flags, cache.peek(flags.key))
    cache.counters["get_misses" if context.item is None else "get_hits"] += 1
    if context.item is None and "N" in flags:
        context = _create(cache, flags, b"")
    if context.item is None:
        return b"" if "q" in flags else replyLine(b"EN", context, ECHOES)
    return _fetched(context, context.item)


def _fetched(context: Context, item: Item) -> bytes:
    wanted = "v" in context.flags
    status = b"VA %d" % len(item.value) if wanted else b"HD"
    line = replyLine(status, context, FETCHED)
    context.cache.bump(context.flags.key, item)
    return line + item.value + b"\r\n" if wanted else line


def metaSet(host: Host, tokens: list[bytes]) -> Result:
    """ms: store; a mistake in the flags swallows the value that follows."""
    key = keyOf(tokens[1])
    if len(tokens) == 2:
        raise ClientError(BAD_LINE)
    countTokens(tokens)
    length = lengthOf(tokens[2])
    try:
        flags = readFlags(key, tokens[3:])
        checkOpaque(flags)
        write = _write(flags)
        _refuseUnfit(host.cache, write, length)
    except (ClientError, ServerError) as error:
        return swallow(length, rendered(error))
    return Body(length + 2, lambda data: _stored(host.cache, flags, write, whole(data)))


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
    if refusal is not None:
        raise troubleOf(refusal)


def _stored(cache: Cache, flags: Flags, write: Write, value: bytes) -> bytes:
    outcome = cache.store(attrs.evolve(write, value=value))
    if outcome is Outcome.STORED and "q" in flags:
        return b""
    item = cache.peek(flags.key) if outcome is Outcome.STORED else None
    return replyLine(_STATUS[outcome], Context(cache, flags, item), STORED)


def metaDelete(host: Host, tokens: list[bytes]) -> bytes:
    """md: delete, or with I leave the item in place, marked as stale."""
    flags = _strictFlags(tokens)
    item = host.cache.peek(flags.key)
    status = _deleted(host.cache, flags, item)
    if status == b"HD" and "q" in flags:
        return b""
    return replyLine(status, Context(host.cache, flags, item), ECHOES)


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
        return _counted(_create(cache, flags, b"%d" % changed), changed)
    if changed is Outcome.NON_NUMERIC:
        raise troubleOf(changed)
    context = Context(cache, flags, cache.peek(flags.key))
    if isinstance(changed, Outcome):
        return replyLine(_STATUS[changed], context, ECHOES)
    reply = _counted(context, changed)
    return b"" if "q" in flags else reply


def _counted(context: Context, number: int) -> bytes:
    if "v" not in context.flags:
        return replyLine(b"HD", context, COUNTED)
    digits = b"%d" % number
    return replyLine(b"VA %d" % len(digits), context, COUNTED) + digits + b"\r\n"


def metaNoop(_host: Host, _tokens: list[bytes]) -> bytes:
    """mn: answer, so that a client knows that everything before it is answered."""
    return b"MN\r\n"


def metaDebug(host: Host, tokens: list[bytes]) -> bytes:
    """me: tell what is known of an item, without using it."""
    if not 2 <= len(tokens) <= 3:
        raise ClientError(BAD_LINE)
    key = keyOf(tokens[1])
    if tokens[2:] and tokens[2].startswith(b"b"):
        key = _debuggedKey(key)
    item = host.cache.peek(key)
    return b"EN\r\n" if item is None else _debug(host.cache, key, item)


def _debuggedKey(token: bytes) -> bytes:
    try:
        return decodedKey(token)
    except ClientError:
        raise ClientError(BAD_LINE) from None


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
