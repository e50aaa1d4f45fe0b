"""How memcached itself cuts the bytes it gets into requests, written down once more."""

from __future__ import annotations

from collections.abc import Iterator

#: The fewest words with which memcached reads a line's value, and where its length stands.
STORAGE = dict.fromkeys((b"set", b"add", b"replace", b"append", b"prepend"), 5)
STORAGE[b"cas"] = 6


def isNumber(word: bytes, below: int, signed: bool = False) -> bool:
    """A number as memcached reads it, -0 included; after what is none the value is left unread."""
    digits = word[1:] if word[:1] in (b"-", b"+") else word
    least = -below if signed else 0
    return digits.isdigit() and least <= int(word) < below


def valueSize(words: list[bytes]) -> int:
    """How many bytes memcached skips behind a line."""
    if words[0] == b"ms":
        sound = 3 <= len(words) <= 19 and isNumber(words[2], 2**31)
        return int(words[2]) + 2 if sound else 0
    if len(words) < STORAGE.get(words[0], 99):
        return 0
    bounds = ((words[2], 2**32, False), (words[3], 2**31, True), (words[4], 2**31, False))
    sound = all(isNumber(*each) for each in bounds)
    cas = words[0] != b"cas" or isNumber(words[5], 2**64)
    return int(words[4]) + 2 if sound and cas else 0


def serverReads(data: bytes) -> Iterator[tuple[list[bytes], bytes]]:
    """
    The lines that memcached takes for requests: each ends at an LF, and is read up to a NUL.

    @return: the words of each, with all its bytes.
    """
    at = 0
    while at < len(data):
        end = data.index(b"\n", at) + 1
        line = data[at:end].rstrip(b"\n").removesuffix(b"\r").split(b"\0")[0]
        words = [word for word in line.split(b" ") if word] or [b""]
        after = end + valueSize(words)
        assert after <= len(data)
        assert after == end or data[after - 2 : after] == b"\r\n"
        yield words, data[at:after]
        at = after


def answers(words: list[bytes]) -> bool:
    """Whether memcached certainly replies to a line: not if it is quiet, or says noreply."""
    if words[0] in (b"mg", b"ms", b"md", b"ma"):
        return not any(word.startswith(b"q") for word in words[2:])
    if words[0].startswith(b"g") or words[-1] != b"noreply":
        return True
    # The second word of another command is a key.
    return len(words) == 2 and words[0] != b"flush_all"
