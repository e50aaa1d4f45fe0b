"""Tests of nuttwist.ring.hashtag."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.ring.hashtag import hashedPart


@pytest.mark.parametrize(
    ("key", "tag", "part"),
    [
        (b"user:{42}:name", b"{}", b"42"),
        (b"{a}", b"{}", b"a"),
        (b"x}{a}", b"{}", b"a"),
        (b"{{a}}", b"{}", b"{a"),
        (b"{a}{b}", b"{}", b"a"),
        (b"a$b$", b"$$", b"b"),
        (b"$a$b$c$d$", b"$$", b"a"),
        (b"{\x00}", b"{}", b"\x00"),
        (b"\xffkey\xfe", b"\xff\xfe", b"key"),
    ],
)
def test_firstPairWithSomethingInsideIsHashed(key, tag, part):
    """The bytes between the first opening mark and the first closing mark after it are taken."""
    assert hashedPart(key, tag) == part


@pytest.mark.parametrize(
    ("key", "tag"),
    [
        (b"", b"{}"),
        (b"plain", b"{}"),
        (b"{}x", b"{}"),
        (b"{}{a}", b"{}"),
        (b"{x", b"{}"),
        (b"x}", b"{}"),
        (b"}a{", b"{}"),
        (b"{", b"{}"),
        (b"$", b"$$"),
        (b"$$", b"$$"),
        (b"$a", b"$$"),
    ],
)
def test_keyWithoutAFilledPairIsHashedWhole(key, tag):
    """A mark missing, in the wrong order, or nothing between them: the whole key is taken."""
    assert hashedPart(key, tag) == key


@given(key=st.binary(), tag=st.binary(min_size=2, max_size=2))
def test_hashedPartIsNeverEmptyUnlessTheKeyIs(key, tag):
    """Whatever the tag, some bytes of the key are hashed, and they stand in it as they are."""
    part = hashedPart(key, tag)
    assert part in key
    assert bool(part) == bool(key)
