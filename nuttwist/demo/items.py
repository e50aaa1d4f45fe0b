"""
What the embedded server keeps, and what a storage command says: plain values without behaviour.
"""

from __future__ import annotations

from enum import Enum, auto

import attrs

_ITEM_HEADER = 48
_CAS_BYTES = 8
_FLAG_BYTES = 4


class Mode(Enum):
    """What a storage command asks for."""

    SET = auto()
    ADD = auto()
    REPLACE = auto()
    APPEND = auto()
    PREPEND = auto()
    CAS = auto()


class Outcome(Enum):
    """What became of a change."""

    STORED = auto()
    NOT_STORED = auto()
    EXISTS = auto()
    NOT_FOUND = auto()
    NON_NUMERIC = auto()
    TOO_LARGE = auto()
    NO_MEMORY = auto()


@attrs.define
class Item:
    """
    A stored value.

    @ivar expires: the second at which it is gone, 0 for never.
    @ivar used: the second of the last store or fetch.
    @ivar stale: a client marked it as out of date.
    @ivar claimed: one client has already been told to recompute it.
    @ivar binaryKey: its key was given in base64 when it was stored.
    """

    value: bytes
    flags: int
    expires: int
    cas: int
    used: int
    fetched: bool = False
    stale: bool = False
    claimed: bool = False
    binaryKey: bool = False


@attrs.frozen
class Write:
    """
    One storage command.

    @ivar exptime: seconds as the protocol means them, see L{Cache.deadline}.
    @ivar cas: the number the item must have; None asks for no comparison, and 0 agrees with none.
    @ivar invalidate: let an older cas number through and mark the item as stale.
    """

    mode: Mode
    key: bytes
    value: bytes
    flags: int = 0
    exptime: int = 0
    cas: int | None = None
    invalidate: bool = False
    binaryKey: bool = False


def itemBytes(key: bytes, length: int, flags: int) -> int:
    """
    How much memory memcached reckons for an item.

    @param length: bytes of the value, without the line end that memcached stores with it.
    """
    return _ITEM_HEADER + _CAS_BYTES + len(key) + 1 + (_FLAG_BYTES if flags else 0) + length + 2
