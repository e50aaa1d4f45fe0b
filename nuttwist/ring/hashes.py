# -*- test-case-name: tests.unit.ring.test_hashes -*-
"""
The twelve hash functions, bit for bit as twemproxy computes them on x86.

Each takes a key and returns an unsigned number of 32 bits. Where the published algorithm and
twemproxy differ, twemproxy wins, because a different number is a different server:

  - bytes from 0x80 up are negative (C's C{char} on x86) in the FNV family, in one_at_a_time, and
    in one place of hsieh;
  - the functions named after 64 bits return the low 32 bits only;
  - crc32 has 15 bits, and crc16 a register of 32 bits of which only the lower half is the CRC.

A router never hashes an empty key (see L{nuttwist.ring.ring}); what is returned for one here is
what the bare algorithm gives.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from hashlib import md5 as _md5
from struct import iter_unpack
from zlib import crc32 as _crc32

__all__ = ["HASHES"]

_MASK = 0xFFFFFFFF
#: A byte as a signed C{char} widened to 32 bits.
_SIGNED = tuple(byte if byte < 0x80 else byte | 0xFFFFFF00 for byte in range(256))


def oneAtATime(key: bytes) -> int:
    """Bob Jenkins' one-at-a-time."""
    value = 0
    signed = _SIGNED
    for byte in key:
        value = (value + signed[byte]) * 1025 & _MASK
        value ^= value >> 6
    value = value * 9 & _MASK
    value ^= value >> 11
    return value * 32769 & _MASK


def md5(key: bytes) -> int:
    """The first four bytes of the MD5 digest, little endian."""
    return int.from_bytes(_md5(key, usedforsecurity=False).digest()[:4], "little")


def crc16(key: bytes) -> int:
    """
    CRC-16/XMODEM in a register of 32 bits that is never masked.

    Each byte shifts the register left by eight, so the upper half is nothing but the upper bytes of
    the two CRCs before the last: three calls into C instead of a loop over the key.
    """
    beforeLast = crc_hqx(key[:-2], 0)
    last = crc_hqx(key[-2:-1], beforeLast)
    return crc_hqx(key[-1:], last) | last >> 8 << 16 | beforeLast >> 8 << 24


def crc32(key: bytes) -> int:
    """Bits 16 to 30 of the CRC-32. Under ketama, such small numbers reach very few servers."""
    return _crc32(key) >> 16 & 0x7FFF


def crc32a(key: bytes) -> int:
    """The ordinary CRC-32, as zlib has it."""
    return _crc32(key)


# The FNV constants of the 64 bit functions are the lower halves of the published ones: bits only
# ever carry upwards, so the upper halves cannot reach the result.


def fnv1For64(key: bytes) -> int:
    """The low half of FNV-1 with 64 bits."""
    value = 0x84222325
    signed = _SIGNED
    for byte in key:
        value = value * 0x1B3 & _MASK ^ signed[byte]
    return value


def fnv1aFor64(key: bytes) -> int:
    """The low half of FNV-1a with 64 bits: the default, and the one that has to be quick."""
    value = 0x84222325
    signed = _SIGNED
    for byte in key:
        value = (value ^ signed[byte]) * 0x1B3 & _MASK
    return value


def fnv1For32(key: bytes) -> int:
    """FNV-1 with 32 bits."""
    value = 0x811C9DC5
    signed = _SIGNED
    for byte in key:
        value = value * 0x01000193 & _MASK ^ signed[byte]
    return value


def fnv1aFor32(key: bytes) -> int:
    """FNV-1a with 32 bits."""
    value = 0x811C9DC5
    signed = _SIGNED
    for byte in key:
        value = (value ^ signed[byte]) * 0x01000193 & _MASK
    return value


def hsieh(key: bytes) -> int:
    """Paul Hsieh's SuperFastHash, started from 0 instead of from the length."""
    value = 0
    whole = len(key) & ~3
    for low, high in iter_unpack("<HH", key[:whole]):
        value = value + low & _MASK
        value = (value << 16 ^ high << 11 ^ value) & _MASK
        value = value + (value >> 11) & _MASK
    return _hsiehEnd(_hsiehTail(value, key[whole:]))


def _hsiehTail(value: int, tail: bytes) -> int:
    if len(tail) == 3:
        value = value + (tail[0] | tail[1] << 8) & _MASK
        value = (value ^ value << 16 ^ _SIGNED[tail[2]] << 18) & _MASK
        return value + (value >> 11) & _MASK
    if len(tail) == 2:
        value = value + (tail[0] | tail[1] << 8) & _MASK
        value = (value ^ value << 11) & _MASK
        return value + (value >> 17) & _MASK
    if len(tail) == 1:
        value = value + tail[0] & _MASK
        value = (value ^ value << 10) & _MASK
        return value + (value >> 1) & _MASK
    return value


def _hsiehEnd(value: int) -> int:
    value = (value ^ value << 3) & _MASK
    value = value + (value >> 5) & _MASK
    value = (value ^ value << 4) & _MASK
    value = value + (value >> 17) & _MASK
    value = (value ^ value << 25) & _MASK
    return value + (value >> 6) & _MASK


def murmur(key: bytes) -> int:
    """Austin Appleby's MurmurHash2, seeded with the length times 0xdeadbeef."""
    length = len(key)
    whole = length & ~3
    value = (0xDEADBEEF * length & _MASK) ^ length
    for (word,) in iter_unpack("<I", key[:whole]):
        mixed = word * 0x5BD1E995 & _MASK
        mixed = (mixed ^ mixed >> 24) * 0x5BD1E995 & _MASK
        value = value * 0x5BD1E995 & _MASK ^ mixed
    if whole != length:
        value = (value ^ int.from_bytes(key[whole:], "little")) * 0x5BD1E995 & _MASK
    value = (value ^ value >> 13) * 0x5BD1E995 & _MASK
    return value ^ value >> 15


def jenkins(key: bytes) -> int:
    """Bob Jenkins' lookup3 (C{hashlittle}) with the seed 13."""
    a = b = c = 0xDEADBEEF + len(key) + 13 & _MASK
    if not key:
        return c
    # The last one to twelve bytes, filled up with zeros, are for the end.
    *blocks, last = iter_unpack("<III", key + bytes(-len(key) % 12))
    for first, second, third in blocks:
        a, b, c = _lookup3Mix(a + first, b + second, c + third)
    return _lookup3Final(a + last[0], b + last[1], c + last[2])


def _lookup3Mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for first, second, third in ((4, 6, 8), (16, 19, 4)):
        a = (a - c & _MASK) ^ _rotate(c, first)
        c += b
        b = (b - a & _MASK) ^ _rotate(a, second)
        a += c
        c = (c - b & _MASK) ^ _rotate(b, third)
        b += a
    return a, b, c


def _lookup3Final(a: int, b: int, c: int) -> int:
    for first, second, third in ((14, 11, 25), (16, 4, 14)):
        c = (c ^ b) - _rotate(b, first) & _MASK
        a = (a ^ c) - _rotate(c, second) & _MASK
        b = (b ^ a) - _rotate(a, third) & _MASK
    return (c ^ b) - _rotate(b, 24) & _MASK


def _rotate(word: int, count: int) -> int:
    word &= _MASK
    return (word << count | word >> (32 - count)) & _MASK


#: Every function by the name a configuration gives it.
HASHES: dict[str, Callable[[bytes], int]] = {
    "one_at_a_time": oneAtATime,
    "md5": md5,
    "crc16": crc16,
    "crc32": crc32,
    "crc32a": crc32a,
    "fnv1_64": fnv1For64,
    "fnv1a_64": fnv1aFor64,
    "fnv1_32": fnv1For32,
    "fnv1a_32": fnv1aFor32,
    "hsieh": hsieh,
    "murmur": murmur,
    "jenkins": jenkins,
}
