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


class Retrieval(Gather):
    """
    A get, gets, gat or gats of several keys, split by server.

    @ivar keys: every key with the part it is in, in request order.
    @ivar partial: answer with what was found although a part failed.
    """

    __slots__ = ("keys", "partial")

    def __init__(self, owner: ReplyQueue, partial: bool) -> None:
        Gather.__init__(self, owner)
        self.partial = partial
        self.keys: list[tuple[bytes, dict[bytes, bytes]]] = []

    def merged(self) -> bytes:
        """
        The values in the order of the keys and one C{END}, or one error for all.
        """
        failures = sum(part.reply != END for part in self.parts)
        if failures and not (self.partial and failures < len(self.parts)):
            return self.error(self.firstTrouble(UNKNOWN) or INVALID)
        values = [found[key] for key, found in self.keys if key in found]
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


def retrieve(
    owner: ReplyQueue,
    head: bytes,
    routed: list[tuple[bytes, Pipeline]],
    now: float,
    partial: bool,
) -> None:
    """
    Send each server its share of a multi-key retrieval.

    @param head: what stands before the keys, with a blank at its end.
    @param routed: the keys in request order, with their pipelines.
    """
    gather = Retrieval(owner, partial)
    shares: dict[int, tuple[Pipeline, list[bytes], dict[bytes, bytes]]] = {}
    for key, pipeline in routed:
        share = shares.get(id(pipeline))
        if share is None:
            share = shares[id(pipeline)] = (pipeline, [], {})
        share[1].append(key)
        gather.keys.append((key, share[2]))
    parts = sorted(shares.values(), key=lambda share: share[0].rank)
    # Each key is followed by one blank, the last one too: twemproxy's form, byte for byte.
    gather.start(
        [
            (pipeline, Request(gather, head + b" ".join(keys) + b" \r\n", now, found=found))
            for pipeline, keys, found in parts
        ]
    )
