# -*- test-case-name: tests.unit.ring.test_hashtag -*-
"""Hash tags: keys that name a common part between two marks live on a common server."""

from __future__ import annotations

__all__ = ["hashedPart"]


def hashedPart(key: bytes, tag: bytes) -> bytes:
    """
    The bytes of a key that are hashed.

    They lie between the first opening mark and the first closing mark after it. A key that has no
    such pair, or nothing in between, is hashed whole, whatever other pairs follow.

    @param tag: the opening and the closing mark, exactly two bytes, which may be equal.
    """
    start = key.find(tag[:1]) + 1
    end = key.find(tag[1:], start) if start else -1
    return key[start:end] if end > start else key
