"""
The sums of split memcached requests.
"""

from __future__ import annotations

from nuttwist.wire.gather import Gather
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import ACKNOWLEDGE, Request

END = b"END\r\n"
OK = b"OK\r\n"

#: What twemproxy says of a server that closed the connection: an end of file has no errno.
UNKNOWN = errorLine("unknown")
#: What it says of a part that a server answered with an error.
INVALID = errorLine("Invalid argument")


#: What each pipeline gets of a retrieval: the keys, and where the blocks of its reply go.
Shares = dict[Pipeline, tuple[list[bytes], dict[bytes, bytes]]]


class Retrieval(Gather):
    """
    A get, gets, gat or gats of several keys, split by server.

    @ivar partial: answer with what was found although a part failed.
    """

    __slots__ = ("_found", "_keys", "partial")

    def __init__(self, owner: ReplyQueue, partial: bool) -> None:
        Gather.__init__(self, owner)
        self.partial = partial
        self._keys: list[bytes] = []
        self._found: list[dict[bytes, bytes]] = []

    def split(
        self,
        head: bytes,
        keys: list[bytes],
        found: list[dict[bytes, bytes]],
        shares: Shares,
        now: float,
    ) -> None:
        """
        Send each server its share.

        @param head: what stands before the keys, with a blank at its end.
        @param keys: in request order.
        @param found: of each key, where its server's blocks will be.
        """
        self._keys = keys
        self._found = found
        # Each key is followed by one blank, the last one too: twemproxy's form, byte for byte.
        self.start(
            [
                (pipeline, Request(self, head + b" ".join(own) + b" \r\n", now, found=blocks))
                for pipeline, (own, blocks) in sorted(shares.items(), key=_rank)
            ]
        )

    def merged(self) -> bytes:
        """
        The values in the order of the keys and one C{END}, or one error for all.
        """
        for index, part in enumerate(self.parts):
            if part.reply != END:
                self.troubles.setdefault(index, INVALID)
        trouble = self.firstTrouble(UNKNOWN)
        if trouble is not None and not (self.partial and len(self.troubles) < len(self.parts)):
            return self.error(trouble)
        pairs = zip(self._keys, self._found, strict=True)
        values = [found[key] for key, found in pairs if key in found]
        values.append(END)
        return b"".join(values)


class Flush(Gather):
    """
    A flush_all, sent to every server.

    @ivar names: the servers' names, in the order of the parts.
    """

    __slots__ = ("names",)

    def __init__(self, owner: ReplyQueue) -> None:
        Gather.__init__(self, owner)
        self.names: list[str] = []

    def merged(self) -> bytes:
        """
        C{OK} when every server said so, or else an error that names the first that did not.
        """
        for name, part in zip(self.names, self.parts, strict=True):
            if part.reply != OK:
                reason = (part.reply or b"").removeprefix(b"SERVER_ERROR ").strip()
                return self.error(b"SERVER_ERROR %s: %s\r\n" % (name.encode("utf-8"), reason))
        return OK


def flush(owner: ReplyQueue, line: bytes, fleet: list[tuple[str, Pipeline]], now: float) -> None:
    """
    Send a flush_all to every server.
    """
    gather = Flush(owner)
    gather.names = [name for name, _ in fleet]
    gather.start([(pipeline, Request(gather, line, now, ACKNOWLEDGE)) for _, pipeline in fleet])


def _rank(share: tuple[Pipeline, object]) -> int:
    return share[0].rank
