"""
The flags of a meta command: one letter each, some with an argument right behind it.

All meta commands read their flags by the one table here and pass over those that mean nothing to
them. Flags count in the order they were sent: what a reply shows is in that order too.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable

import attrs

from nuttwist.demo.arguments import BAD_LINE, numberOf
from nuttwist.demo.numerals import signed32, unsigned32, unsigned64
from nuttwist.demo.replies import ClientError

OPAQUE_MOST = 32
_TOKENS_MOST = 19
_BAD_NUMBER = "bad token in command line format"
# memcached has no words of its own for wrong client flags: an earlier mistake's stand, or these.
_NO_WORDS = ""
_NUMBERS: dict[str, tuple[Callable[[bytes], int], str]] = {
    "C": (unsigned64, _BAD_NUMBER),
    "D": (unsigned64, _BAD_NUMBER),
    "F": (unsigned32, _NO_WORDS),
    "J": (unsigned64, _BAD_NUMBER),
    "N": (signed32, _BAD_NUMBER),
    "R": (signed32, _BAD_NUMBER),
    "T": (signed32, _BAD_NUMBER),
}
_KNOWN = frozenset("IMObcfhklqstv").union(_NUMBERS)


@attrs.define
class Flags:
    """
    What the flags of one command say.

    @ivar key: the key itself, decoded when it came in base64.
    @ivar given: the argument of every flag that was sent, by its letter and in the order sent.
    @ivar numbers: the same for those that take a number.
    """

    key: bytes
    given: dict[str, bytes] = attrs.Factory(dict)
    numbers: dict[str, int] = attrs.Factory(dict)

    def __contains__(self, letter: str) -> bool:
        return letter in self.given

    def shownKey(self, *, binary: bool) -> bytes:
        """The answer to the flag k: the key, in base64 and marked so when C{binary}."""
        return b"k%b b" % b64encode(self.key) if binary else b"k" + self.key


def decodedKey(token: bytes) -> bytes:
    """
    Take a key out of base64.

    @raise ClientError: it is not whole base64, or there is nothing in it.
    """
    try:
        key = b64decode(token, validate=True) if len(token) % 4 == 0 else b""
    except binascii.Error:
        key = b""
    if not key:
        raise ClientError("error decoding key")
    return key


def countTokens(tokens: list[bytes], complaint: str = "options flags too long") -> None:
    """
    Hold a command to the number of tokens that memcached reads.

    @raise ClientError: there are more.
    """
    if len(tokens) > _TOKENS_MOST:
        raise ClientError(complaint)


def readFlags(key: bytes, tokens: list[bytes]) -> Flags:
    """
    Read the flags of a command.

    A wrong argument does not end the reading, so of several mistakes the last one is told; an
    unknown or repeated flag does.

    @raise ClientError: a flag is unknown, repeated, or its argument is wrong.
    """
    flags = Flags(key)
    mistakes = []
    for token in tokens:
        letter = _letter(flags, token)
        flags.given[letter] = token[1:]
        try:
            _readArgument(flags, letter)
        except ClientError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ClientError(next(filter(None, reversed(mistakes)), BAD_LINE))
    return flags


def checkOpaque(flags: Flags) -> None:
    """
    Hold the opaque token to its greatest length.

    @raise ClientError: it is longer.
    """
    if len(flags.given.get("O", b"")) >= OPAQUE_MOST:
        raise ClientError("opaque token too long")


def _letter(flags: Flags, token: bytes) -> str:
    letter = chr(token[0])
    if token[0] >= 127 or letter in flags:
        raise ClientError("duplicate flag")
    if letter not in _KNOWN:
        raise ClientError("invalid flag")
    return letter


def _readArgument(flags: Flags, letter: str) -> None:
    argument = flags.given[letter]
    if letter == "b":
        flags.key = decodedKey(flags.key)
    elif letter == "M" and len(argument) != 1:
        raise ClientError("incorrect length for M token")
    elif letter in _NUMBERS:
        read, complaint = _NUMBERS[letter]
        flags.numbers[letter] = numberOf(read, argument, complaint)
