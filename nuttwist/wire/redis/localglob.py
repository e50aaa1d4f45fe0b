"""
Patterns of names, as redis has them for CONFIG GET and COMMAND LIST (util.c, stringmatchlen).

The case of letters never counts. Matching costs at most the length of the name times that of
the pattern, whatever the pattern: after a mismatch only the last star is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What one byte of a name must be among; L{None} is a star.
Token = frozenset[int] | None

ANY = frozenset(range(256))

#: A star, any byte, a class, an escaped byte, or a byte that stands for itself.
TOKEN = re.compile(rb"(\*+)|(\?)|\[(\^?)((?:\\.|[^\]\\])*)\]?|\\?(.)", re.DOTALL)
MEMBER = re.compile(rb"\\(.)|(.)-(.)|(.)", re.DOTALL)

#: What says that a word is a pattern.
MARKS = b"*?["


def members(text: bytes) -> frozenset[int]:
    """
    The bytes in a class, by what stands between its brackets.
    """
    found: set[int] = set()
    for escaped, first, last, single in MEMBER.findall(text):
        if first:
            low, high = sorted((first[0], last[0]))
            found.update(range(low, high + 1))
        else:
            found.update(escaped or single)
    return frozenset(found)


def parse(pattern: bytes) -> list[Token]:
    """
    The tokens of a pattern.
    """
    tokens: list[Token] = []
    for star, anything, inverted, inside, literal in TOKEN.findall(pattern.lower()):
        if star:
            tokens.append(None)
        elif literal:
            tokens.append(frozenset(literal))
        elif anything:
            tokens.append(ANY)
        else:
            tokens.append(ANY - members(inside) if inverted else members(inside))
    return tokens


def matches(tokens: Sequence[Token], name: bytes) -> bool:
    """
    True when the tokens stand for all of the name.

    @param name: in lower case.
    """
    at = token = after = 0
    star = -1
    while at < len(name):
        wanted = tokens[token] if token < len(tokens) else frozenset[int]()
        if wanted is None:
            star, after = token, at
            token += 1
        elif name[at] in wanted:
            at += 1
            token += 1
        elif star < 0:
            return False
        else:
            after += 1
            at, token = after, star + 1
    return all(each is None for each in tokens[token:])
