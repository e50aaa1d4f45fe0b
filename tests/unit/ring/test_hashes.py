"""Tests of nuttwist.ring.hashes."""

from __future__ import annotations

from binascii import crc_hqx

import pytest
from hypothesis import example, given, strategies as st

from nuttwist.ring.hashes import HASHES
from tests.unit.ring.vectors import HASH_PAIRS

anyKey = st.binary(max_size=300)


def test_hashFunctionsAreThoseOfTwemproxy():
    """There are twelve functions, under the names that a configuration uses."""
    assert set(HASHES) == set(HASH_PAIRS)
    assert len(HASHES) == 12


@pytest.mark.parametrize("name", HASH_PAIRS)
def test_everyRecordedHashIsReproduced(name):
    """A function gives each recorded key the number that twemproxy gives it."""
    hashed = [(key, HASHES[name](key)) for key, _ in HASH_PAIRS[name]]
    assert hashed == HASH_PAIRS[name]


@pytest.mark.parametrize("name", HASH_PAIRS)
def test_recordedKeysCoverEveryTailAndTheSignBit(name):
    """The recorded keys leave no shape out: every length modulo 12, a high byte in every tail."""
    keys = [key for key, _ in HASH_PAIRS[name]]
    assert {len(key) % 12 for key in keys} == set(range(12))
    assert {len(key) % 4 for key in keys if key[-1] >= 0x80} == set(range(4))


def test_bareHashesOfTheEmptyKey():
    """Without any byte, what each algorithm starts from comes out, through its final mixing."""
    started = {
        "md5": 0xD98C1DD4,
        "fnv1_64": 0x84222325,
        "fnv1a_64": 0x84222325,
        "fnv1_32": 2166136261,
        "fnv1a_32": 2166136261,
        "jenkins": 0xDEADBEEF + 13,
    }
    assert {name: function(b"") for name, function in HASHES.items()} == {
        name: started.get(name, 0) for name in HASHES
    }


@given(name=st.sampled_from(sorted(HASHES)), key=anyKey)
def test_hashIsAnUnsignedNumberOf32BitsAndAlwaysTheSame(name, key):
    """Whatever the key, the hash fits 32 bits and depends on nothing but the key."""
    value = HASHES[name](key)
    assert 0 <= value <= 0xFFFFFFFF
    assert HASHES[name](bytes(key)) == value


@given(key=anyKey)
@example(key=b"")
@example(key=b"a")
@example(key=b"\xff\x80")
def test_crc16IsARegisterOf32Bits(key):
    """The three CRCs put together are what shifting a 32 bit register byte by byte leaves."""
    register = 0
    for byte in key:
        step = crc_hqx(bytes([(register >> 8 ^ byte) & 0xFF]), 0)
        register = register << 8 & 0xFFFFFFFF ^ step
    assert HASHES["crc16"](key) == register


@given(key=anyKey)
def test_fnvOf64BitsIsTheLowHalfOfTheFullComputation(key):
    """Computing with 32 bits loses nothing against 64 bits and signed bytes, cut at the end."""
    value = 0xCBF29CE484222325
    for byte in key:
        value = (value ^ (byte if byte < 128 else byte - 256)) * 0x100000001B3 % 2**64
    assert HASHES["fnv1a_64"](key) == value % 2**32


@given(key=anyKey)
def test_crc32IsFifteenBitsOfCrc32a(key):
    """The function named crc32 is the upper half of the ordinary one without its sign."""
    assert HASHES["crc32"](key) == HASHES["crc32a"](key) >> 16 & 0x7FFF
