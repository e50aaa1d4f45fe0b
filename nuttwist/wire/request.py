"""
One request on its way through the proxy, and who waits for its reply.

Rules of this module: a request is completed by setting C{reply}; whoever sets it tells the
owner once per batch through L{Owner.settle}, never per request.
"""

from __future__ import annotations

from typing import Protocol

#: What the server is expected to answer. Numbers, since the framers compare them per reply.
NOTHING = 0
CLASSIC = 1
META = 2
QUIET = 3
ACKNOWLEDGE = 4
GREETING = 5


class Owner(Protocol):
    """
    Whoever waits for replies: a client's reply queue, or the sum of a split request.
    """

    #: True while L{settle} is owed for replies that have come.
    touched: bool

    @property
    def gone(self) -> bool:
        """
        True when nobody wants the replies any more; they are swallowed.
        """

    def settle(self) -> None:
        """
        Take notice of the replies that were set since the last call.
        """

    def failed(self, request: Request, line: bytes) -> None:
        """
        Complete C{request} with an error of the proxy's own.

        @param line: the error, as a client is to see it.
        """


class Request:
    """
    What is sent to one server, and the reply when it has come.

    @ivar owner: who waits, or L{None} when no reply is expected (C{noreply}).
    @ivar data: the bytes for the server.
    @ivar since: when it was queued, in seconds of the reactor's clock.
    @ivar expect: L{NOTHING}, L{CLASSIC}, L{META}, L{QUIET}, L{ACKNOWLEDGE} or
        L{GREETING}.
    @ivar found: for a part of a multi-key retrieval: key to whole C{VALUE} block, filled by
        the framer; the reply is then only the line that ended them.
    @ivar reply: the bytes for the client, or L{None} until they are known.
    """

    __slots__ = ("data", "expect", "found", "owner", "reply", "since")

    def __init__(
        self,
        owner: Owner | None,
        data: bytes,
        since: float,
        expect: int = CLASSIC,
        found: dict[bytes, bytes] | None = None,
    ) -> None:
        self.owner = owner
        self.data = data
        self.since = since
        self.expect = expect
        self.found = found
        self.reply: bytes | None = None

    def weight(self) -> int:
        """
        Bytes that are held for it: its own, and those of its reply as far as it has come.
        """
        size = len(self.data)
        if self.reply is not None:
            size += len(self.reply)
        if self.found is not None:
            size += sum([len(block) for block in self.found.values()])
        return size
