"""
Addresses in words.
"""

from __future__ import annotations

import os

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress


def placeOf(address: object) -> str:
    """
    An address as people write it: host and port, or the path of a unix socket. The other end of one
    has no path as a rule, and is C{unix}.
    """
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    if isinstance(address, UNIXAddress):
        return os.fsdecode(address.name or b"unix")
    return str(address)
