"""
How the proxy's own errors look to a memcached client.
"""

from __future__ import annotations


def errorLine(text: str) -> bytes:
    """
    A server's trouble as one line of the protocol.

    @param text: the reason; line ends in it would end the line, and are replaced.
    """
    return b"SERVER_ERROR %s\r\n" % " ".join(text.split()).encode("utf-8", "replace")
