"""
Which memcached requests may be repeated when their connection fails, and where their keys are.
"""

from __future__ import annotations

from collections.abc import Callable

from nuttwist.wire.memcache.commands import COMMANDS, CRLF, Command, Shape
from nuttwist.wire.memcache.keys import isKey, routedKey
from nuttwist.wire.retry import Repeatable

#: The flags with which an mg leaves no trace that its own reply, or another's, would show: not
#: those that make, renew or win an item, nor those that tell of earlier looks at it.
HARMLESS = frozenset(b"bcfkOqsv")

#: The word whose server gets what has no key, as in twemproxy.
PLACEHOLDER = b"placeholder"


def _retrieval(words: list[bytes], command: Command) -> Repeatable:
    # With a time to live it changes that.
    return Repeatable(command.number is None, words[command.key :])


def _write(words: list[bytes], command: Command) -> Repeatable:
    return Repeatable(False, words[1:2])


def _meta(words: list[bytes], command: Command) -> Repeatable | None:
    flags = words[3:] if command.shape is Shape.META_STORE else words[2:]
    key = routedKey(words[1], flags)
    # The way of a key that is none must not be remembered.
    if key is None or not isKey(key):
        return None
    isRead = words[0] == b"mg" and all(flag[0] in HARMLESS for flag in flags)
    return Repeatable(isRead, [key])


def _version(words: list[bytes], command: Command) -> Repeatable:
    return Repeatable(True, [PLACEHOLDER])


#: What is not here goes to all servers, or to none.
_READERS: dict[Shape, Callable[[list[bytes], Command], Repeatable | None]] = {
    Shape.RETRIEVE: _retrieval,
    Shape.STORE: _write,
    Shape.CHANGE: _write,
    Shape.META: _meta,
    Shape.META_STORE: _meta,
    Shape.VERSION: _version,
}


def repeatable(data: bytes) -> Repeatable | None:
    """
    Read what the proxy sends to a server for one request.

    @return: L{None} when it cannot be repeated.
    """
    words = [word for word in data[: data.find(CRLF)].split(b" ") if word]
    command = COMMANDS[words[0]]
    reader = _READERS.get(command.shape)
    return None if reader is None else reader(words, command)
