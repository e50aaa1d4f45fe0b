"""
Which memcached requests may be repeated when their connection fails, and where their keys are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from nuttwist.wire.joining import joined, poured
from nuttwist.wire.memcache import scan
from nuttwist.wire.memcache.commands import COMMANDS, CRLF, Shape
from nuttwist.wire.memcache.gathers import END
from nuttwist.wire.memcache.keys import isKey, routedKey
from nuttwist.wire.request import CLASSIC, Owner, Request
from nuttwist.wire.retry import Repeatable

#: The flags with which an mg leaves no trace that its own reply, or another's, would show: not
#: those that make, renew or win an item, nor those that tell of earlier looks at it.
HARMLESS = frozenset(b"bcfkOqsv")

#: The word whose server gets what has no key, as in twemproxy.
PLACEHOLDER = b"placeholder"


#: Where the flags of a meta request begin, among its words.
_FLAGS_AT = {Shape.META: 2, Shape.META_STORE: 3}


def _words(data: bytes) -> list[bytes]:
    return [word for word in data[: data.find(CRLF)].split(b" ") if word]


def _pieces(head: bytes, keys: list[bytes], numbers: Iterable[int]) -> Iterator[bytes]:
    yield head
    for number in numbers:
        yield keys[number]
        yield b" "
    yield CRLF


@attrs.frozen
class Retrieval:
    """
    A get, gets, gat or gats; see L{nuttwist.wire.divided.Cut}.

    @ivar data: its bytes.
    @ivar first: the place of the first key among its words.
    """

    data: bytes
    first: int

    def shares(
        self, groups: Iterable[Sequence[int]], owned: Callable[[], Owner], since: float
    ) -> list[Request]:
        """
        Retrievals of some of the keys each, in the form of the parts of one that is split.
        """
        words = _words(self.data)
        head = b" ".join(words[: self.first]) + b" "
        keys = words[self.first :]
        return [
            Request(owned(), poured(_pieces(head, keys, numbers)), since, CLASSIC, {})
            for numbers in groups
        ]

    def merged(self, request: Request, shares: Sequence[Request], order: list[int]) -> bytes:
        """
        The values in the order of the keys and C{END}, or what a server said instead of that. A
        part of a split retrieval has the values collected, those beside an error too.
        """
        blocks = [share.found or {} for share in shares]
        collected = request.found
        if collected is not None:
            for each in blocks:
                collected.update(each)
        for share in shares:
            if share.reply is not None and share.reply != END:
                return share.reply
        if collected is not None:
            return END
        keys = _words(self.data)[self.first :]
        return joined([*scan.picked(keys, order, dict(enumerate(blocks))), END])


def _meta(words: list[bytes], flags: list[bytes]) -> Repeatable | None:
    key = routedKey(words[1], flags)
    # The way of a key that is none must not be remembered.
    if key is None or not isKey(key):
        return None
    isRead = words[0] == b"mg" and all(flag[0] in HARMLESS for flag in flags)
    return Repeatable(isRead, [key])


def repeatable(data: bytes) -> Repeatable | None:
    """
    Read what the proxy sends to a server for one request.

    @return: L{None} when it cannot be repeated.
    """
    words = _words(data)
    command = COMMANDS[words[0]]
    shape = command.shape
    if shape is Shape.RETRIEVE:
        # With a time to live it changes that.
        cut = Retrieval(data, command.key)
        return Repeatable(command.number is None, words[command.key :], cut)
    if shape in (Shape.STORE, Shape.CHANGE, Shape.DELETE):
        return Repeatable(False, words[1:2])
    if shape in _FLAGS_AT:
        return _meta(words, words[_FLAGS_AT[shape] :])
    return Repeatable(True, [PLACEHOLDER]) if shape is Shape.VERSION else None
