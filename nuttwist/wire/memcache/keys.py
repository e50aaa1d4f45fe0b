"""
What a key may be.
"""

from __future__ import annotations

import base64
import binascii

from nuttwist.wire.memcache.commands import KEY_MAX
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.router import Router

#: Bytes that some server takes for the end of a word, of a line or of the whole command.
SEPARATORS = b"\0\t\n\v\f\r "


def isWord(word: bytes) -> bool:
    """
    True when every server will see one word in these bytes, and nothing behind it.
    """
    return len(word.translate(None, SEPARATORS)) == len(word)


def isKey(key: bytes) -> bool:
    """
    True when every server will see the same key in these bytes.
    """
    return 0 < len(key) <= KEY_MAX and isWord(key)


def hasFlag(flags: list[bytes], letter: bytes) -> bool:
    """
    True when a meta command has this flag: a flag is its first byte, whatever follows.
    """
    return any(flag.startswith(letter) for flag in flags)


def routedKey(key: bytes, flags: list[bytes]) -> bytes | None:
    """
    The bytes under which a meta command's key is stored, and so routed.

    @param flags: the flags of the request; C{b} says that the key is sent as base64
        (memcached's doc/protocol.txt, "Meta Commands").
    @return: L{None} when the key is not base64 though it is said to be.
    """
    if not hasFlag(flags, b"b"):
        return key
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error:
        return None


def routeDecoded(router: Router, key: bytes) -> Pipeline:
    """
    The pipeline for the bytes of a key that was perhaps sent as base64.

    They may be no well-formed key. Such a key must not stay among the routes, where every key
    that is found is taken for a well-formed one.
    """
    pipeline = router.route(key)
    if not isKey(key):
        router.routes.pop(key, None)
    return pipeline
