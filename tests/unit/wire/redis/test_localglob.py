"""Patterns as redis has them."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.localglob import matches, parse

ROWS = [
    (b"*", b"", True),
    (b"", b"", True),
    (b"", b"a", False),
    (b"a", b"a", True),
    (b"A", b"a", True),
    (b"a", b"ab", False),
    (b"ab", b"a", False),
    (b"a*", b"abc", True),
    (b"*c", b"abc", True),
    (b"a**c", b"abbc", True),
    (b"*b*", b"abc", True),
    (b"*ab", b"aab", True),
    (b"*d", b"abc", False),
    (b"a?c", b"abc", True),
    (b"a?", b"a", False),
    (b"a[bx]c", b"abc", True),
    (b"a[^bx]c", b"abc", False),
    (b"a[^x]c", b"abc", True),
    (b"a[a-c]c", b"abc", True),
    (b"a[c-a]c", b"abc", True),
    (b"a[d-f]c", b"abc", False),
    (b"a[\\b]c", b"abc", True),
    (b"a[]c", b"abc", False),
    (b"ab[c", b"abc", True),
    (b"a\\*", b"a*", True),
    (b"a\\*", b"ab", False),
    (b"a\\", b"a\\", True),
    (b"a\n*", b"a\nb", True),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), ROWS)
def test_patternMatches(pattern, name, expected):
    """A pattern matches a name or does not."""
    assert matches(parse(pattern), name) is expected


def test_manyStarsCostNoMoreThanTheirNumber():
    """A pattern that would make a backtracking matcher try everything ends at once."""
    assert not matches(parse(b"*a" * 2000 + b"b"), b"a" * 2000)
