"""
What a key may be.
"""

from __future__ import annotations

import base64
import binascii

from nuttwist.wire.memcache.commands import KEY_MAX

#: Bytes that some server takes for the end of a word, of a line or of the whole command.
SEPARATORS = b"\0\t\n\v\f\r "


def isKey(key: bytes) -> bool:
    """
    True when every server will see the same key in these bytes.
    """
    return 0 < len(key) <= KEY_MAX and len(key.translate(None, SEPARATORS)) == len(key)


def routedKey(key: bytes, flags: list[bytes]) -> bytes | None:
    """
    The bytes under which a meta command's key is stored, and so routed.

    @param flags: the flags of the request; C{b} says that the key is sent as base64
        (memcached's doc/protocol.txt, "Meta Commands").
    @return: L{None} when the key is not base64 though it is said to be.
    """
    if b"b" not in flags:
        return key
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error:
        return None
