"""
How the proxy's own errors look to a redis client.
"""

from __future__ import annotations

from nuttwist.wire.redis.resp import error


def errorLine(text: str) -> bytes:
    """
    A server's trouble as an error of the protocol.

    A text that is a server's own error begins with that server's error code; others get C{ERR}.
    """
    data = text.encode("utf-8", "replace")
    word = data.split(b" ", 1)[0]
    return error(data if word.isupper() and len(word) > 1 else b"ERR " + data)


#: A part of a split request that was answered with an error, or with nonsense.
INVALID = errorLine("Invalid argument")
#: A server that closed the connection: an end of file has no errno.
UNKNOWN = errorLine("unknown")
