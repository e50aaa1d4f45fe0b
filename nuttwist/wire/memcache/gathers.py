"""
The sums of split memcached requests.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from nuttwist.wire.gather import Gather
from nuttwist.wire.memcache import scan
from nuttwist.wire.memcache.commands import CRLF
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.manykeys import Shares, stretches
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, Request

#: Bytes that a key takes in memory until its request is complete: an object, and two places.
KEY = 80

END = b"END\r\n"
OK = b"OK\r\n"

#: What twemproxy says of a server that closed the connection: an end of file has no errno.
UNKNOWN = errorLine("unknown")
#: What it says of a part that a server answered with an error.
INVALID = errorLine("Invalid argument")


class Retrieval(Gather):
    """
    A get, gets, gat or gats of several keys, split by server.

    @ivar blocks: what was found, by key, of each part; by its pipeline.
    @ivar partial: answer with what was found although a part failed.
    """

    __slots__ = ("_keys", "_pipelines", "blocks", "partial")

    def __init__(self, owner: ReplyQueue, partial: bool) -> None:
        Gather.__init__(self, owner)
        self.partial = partial
        self._keys: list[bytes] = []
        self._pipelines: list[Pipeline] = []
        self.blocks: dict[Any, dict[bytes, bytes]] = {}

    def split(
        self,
        head: bytes,
        keys: list[bytes],
        pipelines: list[Pipeline],
        groups: dict[Pipeline, list[bytes]],
        now: float,
    ) -> None:
        """
        Send each server its share.

        @param head: what stands before the keys, with a blank at its end.
        @param keys: in request order.
        @param pipelines: of each key.
        @param groups: the keys of each pipeline, in request order.
        """
        self._keys = keys
        self._pipelines = pipelines
        parts: list[tuple[Pipeline, Request]] = []
        for pipeline in sorted(groups, key=_rank):
            blocks: dict[bytes, bytes] = {}
            self.blocks[pipeline] = blocks
            # Each key is followed by one blank, the last one too: twemproxy's form, byte for byte.
            data = head + b" ".join(groups[pipeline]) + b" \r\n"
            parts.append((pipeline, Request(self, data, now, CLASSIC, blocks)))
        self.beside = KEY * len(keys)
        self.start(parts)

    def found(self) -> bytes:
        """
        The values in the order of the keys, and one C{END}.
        """
        blocks: list[bytes] = scan.picked(self._keys, self._pipelines, self.blocks)
        blocks.append(END)
        return b"".join(blocks)

    def merged(self) -> bytes:
        """
        The values in the order of the keys and one C{END}, or one error for all.
        """
        for index, part in enumerate(self.parts):
            if part.reply != END:
                self.troubles.setdefault(index, INVALID)
        trouble = self.firstTrouble(UNKNOWN)
        if trouble is None or (self.partial and len(self.troubles) < len(self.parts)):
            whole = self.found()
        else:
            whole = self.error(trouble)
        # It may have to wait for its turn.
        self.blocks.clear()
        return whole


class LongRetrieval(Retrieval):
    """
    One of very many keys. Kept of them are the bytes, and of each the number of its part.
    """

    __slots__ = ("_shares",)

    def __init__(self, owner: ReplyQueue, partial: bool, shares: Shares) -> None:
        """
        @param shares: what each server has of them.
        """
        Retrieval.__init__(self, owner, partial)
        self._shares = shares

    def share(self, head: bytes, now: float) -> None:
        """
        Send each server its share.

        @param head: what stands before the keys, with a blank at its end.
        """
        shares = self._shares
        parts: list[tuple[Pipeline, Request]] = []
        for number, (pipeline, pieces) in enumerate(shares.pieces.items()):
            blocks: dict[bytes, bytes] = {}
            self.blocks[number] = blocks
            data = b"".join([head, *pieces, CRLF])
            parts.append((pipeline, Request(self, data, now, CLASSIC, blocks)))
            # They are in the data by now.
            pieces.clear()
        self.beside = shares.size()
        self.start(sorted(parts, key=_rankOfPart))

    def found(self) -> bytes:
        """
        The values in the order of the keys, and one C{END}.
        """
        whole, order, at = BytesIO(), self._shares.order, 0
        for stretch in stretches(self._shares.words):
            keys = stretch.split(b" ")
            numbers = order[at : at + len(keys)].tolist()
            whole.writelines(scan.picked(keys, numbers, self.blocks))
            at += len(keys)
        whole.write(END)
        return whole.getvalue()


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


def _rank(pipeline: Pipeline) -> int:
    return pipeline.rank


def _rankOfPart(part: tuple[Pipeline, Request]) -> int:
    return part[0].rank
