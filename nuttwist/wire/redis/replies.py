"""
Arrow (c) for redis: a server's bytes become replies.

Rules of this module. A reply is passed on only when it is whole; a reply is whole when no value
is owed any more, so that depth costs nothing. L{RedisReplies.bulk} takes whole values off the
front of a chunk; a string that is cut goes through L{RedisReplies.line} and L{RedisReplies.raw},
and then whole through bulk. A reply that nobody asked for, or that is none in the version of the
protocol that was agreed on, raises L{BadReply}: pairing by order is lost.
"""

from __future__ import annotations

import re

from nuttwist.wire.framing import TOO_LARGE, VALUE_MAX, BadReply, crlfEnd
from nuttwist.wire.gather import Gather
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis import scan
from nuttwist.wire.redis.resp import (
    ATTRIBUTE,
    BULKS,
    CRLF,
    LINES,
    WIDTHS,
    lengthOf,
)
from nuttwist.wire.request import GREETING, Owner, Request

#: Types of RESP2, the others being RESP3's (redis's protocol specification).
RESP2 = frozenset(b"+-:$*")
RESP3 = RESP2 | frozenset(b"_#,(!=~%|")

ERROR = ord("-")

#: Errors that tell of a passing trouble of the server's: twemproxy counts them as failures
#: (nc_redis.c, redis_failure), by their first word and its case.
TRANSIENT = re.compile(rb"-(?:OOM|BUSY|LOADING)[ \r]")

#: Bytes of a line without its end: room for an error's text.
MAX_LINE = 64 * 1024


class RedisReplies:
    """
    Reads one server connection and pairs its replies with the out-queue.

    @ivar pipeline: the queues of the connection.
    """

    __slots__ = (
        "_count",
        "_held",
        "_kinds",
        "_owed",
        "_pieces",
        "_raw",
        "_size",
        "maxLine",
        "pipeline",
    )

    def __init__(self, pipeline: Pipeline, kinds: frozenset[int] = RESP2) -> None:
        """
        @param kinds: the types of the protocol's version.
        """
        self.pipeline = pipeline
        self.maxLine = MAX_LINE
        self._kinds = kinds
        # Of the reply that is being received: values that must come yet, what came in earlier
        # chunks, and its size.
        self._owed = 1
        self._pieces: list[bytes] = []
        self._held = 0
        # Of the string that is being received.
        self._raw: list[bytes] = []
        # Of the replies that found their clients, and are not counted yet.
        self._count = self._size = 0

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take whole values off the chunk.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        @raise BadReply: the server broke the protocol.
        """
        queue = self.pipeline.outQueue
        touched: list[Owner] = []
        begin = at
        try:
            while queue:
                at, taken = scan.strings(data, at, min(self._owed, len(data)), None)
                self._owed -= taken
                if self._owed:
                    end = data.find(CRLF, at)
                    after = self._value(data, at, end) if end >= 0 else -1
                    if after < 0:
                        break
                    at = after
                if not self._owed:
                    self._owed = 1
                    reply = data[begin:at]
                    self._complete(
                        queue.popleft(), self._whole(reply) if self._held else reply, touched
                    )
                    begin = at
            self._keep(data, begin, at)
        finally:
            self._deliver()
            for owner in touched:
                owner.settle()
        return at

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        """
        Find the end of a line: where its content ends, and behind it; -1 and -1 if it has none.
        """
        return crlfEnd(data, at)

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it.
        @raise BadReply: the server broke the protocol.
        """
        kind = line[0] if line else 0
        if kind in BULKS and kind in self._kinds and self.pipeline.outQueue:
            length = self._length(kind, line[1:])
            if length > VALUE_MAX:
                raise BadReply(line)
            if length >= 0:
                self._raw = [line + CRLF]
                return length + 2
        self.bulk(line + CRLF, 0)
        return 0

    def raw(self, piece: bytes, last: bool) -> None:
        """
        Take a piece of the string that a line announced.

        @param last: this piece ends it.
        @raise BadReply: the server broke the protocol.
        """
        self._raw.append(piece)
        if last:
            value = b"".join(self._raw)
            self._raw = []
            self.bulk(value, 0)

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.

        @raise BadReply: nobody asked for it, or it is longer than any line.
        """
        # The last byte may be the CR of the line's end.
        if not self.pipeline.outQueue or len(rest) > self.maxLine + 1:
            raise BadReply(rest[:80])

    def _value(self, data: bytes, at: int, end: int) -> int:
        # One value, or the beginning of an aggregate: where it ends, or -1 if it is cut.
        kind = data[at]
        if kind not in self._kinds or end - at > self.maxLine:
            raise BadReply(data[at : at + 80])
        word = data[at + 1 : end]
        self._owed -= 1
        if kind in BULKS:
            after = end + self._length(kind, word) + 4
            if after > len(data):
                self._owed += 1
                return -1
            if data[after - 2 : after] != CRLF:
                raise BadReply(data[at : at + 80])
            return after
        if kind in WIDTHS:
            self._owed += max(self._length(kind, word), 0) * WIDTHS[kind] + (kind == ATTRIBUTE)
        elif not LINES[kind](word):
            raise BadReply(data[at:end][:80])
        return end + 2

    def _length(self, kind: int, word: bytes) -> int:
        try:
            return lengthOf(kind, word)
        except ValueError as wrong:
            raise BadReply(str(wrong).encode()) from None

    def _complete(self, request: Request, reply: bytes, touched: list[Owner]) -> None:
        request.reply = reply
        owner = request.owner
        if owner is None or owner.gone:
            return
        if not owner.touched:
            owner.touched = True
            touched.append(owner)
        if request.expect == GREETING:
            return
        self._size += len(reply)
        if reply[0] == ERROR and TRANSIENT.match(reply):
            self._deliver()
            self.pipeline.counters.responses += 1
            self.pipeline.troubled()
        else:
            self._count += 1

    def _whole(self, reply: bytes) -> bytes:
        if self._held > self.pipeline.replyMax:
            self._held = 0
            return self.pipeline.errorLine(TOO_LARGE)
        self._pieces.append(reply)
        reply = b"".join(self._pieces)
        self._pieces = []
        self._held = 0
        return reply

    def _keep(self, data: bytes, begin: int, at: int) -> None:
        if begin < at:
            self._held += at - begin
            owner = self.pipeline.outQueue[0].owner
            if isinstance(owner, Gather):
                owner.coming(at - begin)
            if self._held > self.pipeline.replyMax:
                self._pieces = []
            else:
                self._pieces.append(data[begin:at])
        if not self.pipeline.outQueue and at < len(data):
            raise BadReply(data[at : at + 80])

    def _deliver(self) -> None:
        count, size = self._count, self._size
        self._count = self._size = 0
        if count:
            self.pipeline.delivered(count, size)
        else:
            self.pipeline.counters.response_bytes += size
