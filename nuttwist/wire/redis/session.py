"""
What the proxy knows of one redis client, apart from its connection.
"""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Session:
    """
    The state that a client's own commands set and ask for.

    @ivar id: the client's number, never given twice by one proxy.
    @ivar created: when the client connected, in seconds of the clock that C{time} tells.
    @ivar name: as C{CLIENT SETNAME} or C{HELLO} gave it.
    @ivar protocol: 2 or 3, the version of RESP in which the client wants its replies.
    @ivar authenticated: True once the client has told the pool's password.
    @ivar libName: as C{CLIENT SETINFO LIB-NAME} gave it.
    @ivar libVersion: as C{CLIENT SETINFO LIB-VER} gave it.
    """

    id: int
    created: float
    name: bytes = b""
    protocol: int = 2
    authenticated: bool = False
    libName: bytes = b""
    libVersion: bytes = b""

    def reset(self) -> None:
        """
        Forget what the client has set; what it said of its library holds for as long as it is
        connected, as in redis.
        """
        self.name = b""
        self.protocol = 2
        self.authenticated = False
