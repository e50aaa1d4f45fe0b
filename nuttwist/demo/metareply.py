"""
The replies of the meta commands: a two-letter status and a piece for every flag that has one.

Flags act in the order they were sent, so C{t} before C{T} shows the old expiry time and C{T}
before C{t} the new one. The four tables say what each kind of command shows: what it was sent,
what it stored, what it counted, what it fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from nuttwist.demo.cache import Cache
from nuttwist.demo.items import Item
from nuttwist.demo.metaflags import Flags


@attrs.define
class Context:
    """
    What the pieces of a reply are made from.

    @ivar item: what was found or made, None on a miss or when nothing was stored.
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
        """
        The item, for the pieces that show one.

        @raise LookupError: there is none, so the wrong table of pieces was used.
        """
        if self.item is None:
            raise LookupError(self.flags.key)
        return self.item


Piece = Callable[[Context], bytes]


def _remaining(context: Context) -> int:
    expires = context.found.expires
    return max(0, expires - context.cache.now()) if expires else -1


def _newExpiry(context: Context) -> bytes:
    context.found.expires = context.cache.deadline(context.flags.numbers["T"])
    return b""


def _firstExpiry(context: Context) -> bytes:
    if context.created:
        context.found.expires = context.cache.deadline(context.flags.numbers["N"])
    return b""


def _recache(context: Context) -> bytes:
    item, left = context.found, _remaining(context)
    if not item.claimed and not context.created and 0 <= left < context.flags.numbers["R"]:
        context.won = True
    return b""


def _opaque(context: Context) -> bytes:
    return b"O" + context.flags.given["O"]


def _sentKey(context: Context) -> bytes:
    return context.flags.shownKey(binary="b" in context.flags)


def _cas(context: Context) -> bytes:
    return b"c%d" % (context.item.cas if context.item else 0)


Pieces = Mapping[str, Piece]
ECHOES: Pieces = {"O": _opaque, "k": _sentKey}
STORED: Pieces = {**ECHOES, "c": _cas}
COUNTED: Pieces = {
    **STORED,
    "N": _firstExpiry,
    "T": _newExpiry,
    "t": lambda context: b"t%d" % _remaining(context),
}
FETCHED: Pieces = {
    **COUNTED,
    "R": _recache,
    "f": lambda context: b"f%d" % context.found.flags,
    "h": lambda context: b"h%d" % context.found.fetched,
    "k": lambda context: context.flags.shownKey(binary=context.found.binaryKey),
    "l": lambda context: b"l%d" % (context.cache.now() - context.found.used),
    "s": lambda context: b"s%d" % len(context.found.value),
}


def replyLine(status: bytes, context: Context, pieces: Pieces) -> bytes:
    """
    Put a reply line together; flags that change the item do so on the way.

    @param pieces: one of the four tables.
    """
    shown = [pieces[letter](context) for letter in context.flags.given if letter in pieces]
    return b" ".join([status, *filter(None, shown), *_marks(context, pieces)]) + b"\r\n"


def _marks(context: Context, pieces: Pieces) -> list[bytes]:
    if pieces is not FETCHED:
        return []
    item = context.found
    won = context.won or (item.stale and not item.claimed)
    marks = ((b"Z", item.claimed), (b"X", item.stale), (b"W", won))
    item.claimed = item.claimed or won
    return [mark for mark, shown in marks if shown]
