"""
Inline requests: a line of words, for people with telnet.

The quoting is redis's own (sds.c, sdssplitargs): a quoted piece may begin within a word, and ends
it; double quotes know escapes, single quotes only that of themselves.
"""

from __future__ import annotations

import re

_PIECE = rb"\"(?:[^\"\\]|\\.)*\"(?=\s|\Z)|'(?:[^'\\]|\\'|\\(?!'))*'(?=\s|\Z)"
#: What does not end a word that is not quoted; other white space may only stand before a word.
_PLAIN = rb"[^ \t\r\n\"']"
_WORD = re.compile(
    rb"(" + _PLAIN + rb"*(?:" + _PIECE + rb")|" + _PLAIN + rb"+(?=[ \t\r\n]|\Z))\s*", re.DOTALL
)
_QUOTED = re.compile(_PIECE, re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def _meaning(escape: re.Match[bytes]) -> bytes:
    if escape[1] is not None:
        return bytes.fromhex(escape[1].decode("ascii"))
    return _NAMED.get(escape[2], escape[2])


def _unquoted(piece: re.Match[bytes]) -> bytes:
    text = piece[0][1:-1]
    if piece[0].startswith(b'"'):
        return _ESCAPE.sub(_meaning, text)
    return text.replace(b"\\'", b"'")


def splitInline(line: bytes) -> list[bytes] | None:
    """
    The words of an inline request, or L{None} when its quotes are not balanced.

    @param line: without its end.
    """
    line = line.lstrip()
    words: list[bytes] = []
    at = 0
    while at < len(line):
        word = _WORD.match(line, at)
        if word is None:
            return None
        words.append(_QUOTED.sub(_unquoted, word[1]))
        at = word.end()
    return words
