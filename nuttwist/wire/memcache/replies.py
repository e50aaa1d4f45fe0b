"""
Arrow (c) for memcached: a server's bytes become replies.

Rules of this module. A reply is passed on only when it is whole. L{MemcacheReplies.bulk} takes
whole replies and whole C{VALUE} blocks off the front of a chunk; a block that is cut goes
through L{MemcacheReplies.line} and L{MemcacheReplies.raw}, and then whole through bulk. A reply
that nobody asked for, or that is none, raises L{BadReply}: the connection must go, since
pairing by order is lost. Source of the replies: memcached's doc/protocol.txt.
"""

from __future__ import annotations

import re

from nuttwist.wire.framing import TOO_LARGE, VALUE_MAX, BadReply, crlfEnd
from nuttwist.wire.gather import Gather
from nuttwist.wire.memcache import scan
from nuttwist.wire.memcache.commands import CRLF
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET, Owner, Request

#: The line before a value, by what is expected: group 1 is the key, group 2 the size. An
#: acknowledgement has no value.
HEADERS: dict[int, re.Pattern[bytes]] = {
    CLASSIC: re.compile(rb"VALUE ([^ \r]+) [0-9]+ ([0-9]{1,10})( [0-9]+)?\r\n"),
    META: re.compile(rb"(VA) ([0-9]{1,10})(?: [^\r]*)?\r\n"),
    QUIET: re.compile(rb"(VA) ([0-9]{1,10})(?: [^\r]*)?\r\n"),
    ACKNOWLEDGE: re.compile(rb"(?!)"),
}
CLASSIC_HEADER = HEADERS[CLASSIC]

#: Lines that end a reply, by what is expected. A quiet request is followed by an mn of the
#: proxy's own, and its reply is whatever comes before the answer to that.
LINES: dict[int, frozenset[bytes]] = {
    CLASSIC: frozenset(
        {
            b"STORED\r\n",
            b"NOT_STORED\r\n",
            b"EXISTS\r\n",
            b"NOT_FOUND\r\n",
            b"END\r\n",
            b"DELETED\r\n",
            b"TOUCHED\r\n",
        }
    ),
    META: frozenset({b"HD\r\n", b"EN\r\n", b"NS\r\n", b"EX\r\n", b"NF\r\n"}),
    QUIET: frozenset({b"MN\r\n"}),
    ACKNOWLEDGE: frozenset({b"OK\r\n"}),
}

#: The answer to that mn.
BARRIER = b"MN\r\n"

#: First words of lines that go on after them.
META_WORDS = frozenset({b"HD", b"EN", b"NS", b"EX", b"NF", b"ME"})
ERROR_WORDS = frozenset({b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR"})

#: Bytes of a line without its end: a key, some numbers, and room for a server's error.
MAX_LINE = 64 * 1024


def isReply(line: bytes, expect: int) -> bool:
    """
    True for a line, without its end, that is a reply though no fixed one.
    """
    word = line.split(b" ", 1)[0]
    if word in ERROR_WORDS:
        return True
    if expect == CLASSIC:
        return word == b"VERSION" or line.rstrip(b" ").isdigit()
    return expect != ACKNOWLEDGE and word in META_WORDS


class MemcacheReplies:
    """
    Reads one server connection and pairs its replies with the out-queue.

    @ivar pipeline: the queues of the connection.
    """

    __slots__ = ("_ended", "_held", "_pieces", "_raw", "maxLine", "pipeline")

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.maxLine = MAX_LINE
        # Whether the last look at a reply got to its end.
        self._ended = False
        # Of the reply that is being received: what came in earlier chunks, and its size.
        self._pieces: list[bytes] = []
        self._held = 0
        # Of the block that is being received.
        self._raw: list[bytes] = []

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take whole replies and whole blocks off the chunk, from a line's beginning on.

        @return: offset of the first byte not taken, again the first of a line.
        @raise BadReply: the server broke the protocol.
        """
        queue = self.pipeline.outQueue
        touched: list[Owner] = []
        count = size = 0
        begin = at
        try:
            while queue:
                request = queue[0]
                if (expect := request.expect) == CLASSIC:
                    at = self._classic(data, at, request.found)
                else:
                    at = self._other(data, at, expect, begin)
                if not self._ended:
                    break
                size += at - begin + self._held
                if self._held or expect > META or request.found is not None:
                    reply = self._assemble(request, data, begin, at)
                else:
                    reply = data[begin:at]
                begin = at
                queue.popleft()
                request.reply = reply
                owner = request.owner
                if owner is None or not owner.touched:
                    if owner is None or owner.gone:
                        size -= len(reply)
                        continue
                    owner.touched = True
                    touched.append(owner)
                count += 1
            self._keep(data, begin, at)
        finally:
            self._deliver(touched, count, size)
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
        queue = self.pipeline.outQueue
        if queue:
            header = HEADERS[queue[0].expect].match(line + CRLF)
            second = self._held > 0 and queue[0].expect == QUIET
            if header is not None and len(line) <= self.maxLine and not second:
                size = int(header[2])
                if size > VALUE_MAX:
                    raise BadReply(line)
                self._raw = [line + CRLF]
                return size + 2
        self.bulk(line + CRLF, 0)
        return 0

    def raw(self, piece: bytes, last: bool) -> None:
        """
        Take a piece of the value that a line announced.

        @param last: this piece ends it.
        @raise BadReply: the server broke the protocol.
        """
        self._raw.append(piece)
        if last:
            block = b"".join(self._raw)
            self._raw = []
            self.bulk(block, 0)

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.

        @raise BadReply: nobody asked for it, or it is longer than any reply.
        """
        # The last byte may be the CR of the line's end.
        if not self.pipeline.outQueue or len(rest) > self.maxLine + 1:
            raise BadReply(rest[:80])

    def _classic(self, data: bytes, at: int, found: dict[bytes, bytes] | None) -> int:
        # Any blocks, and the line that ends them: how far this got, and whether to the end.
        after = scan.values(data, at, found)
        self._ended = after >= 0
        if after >= 0:
            return after
        at = ~after
        header = CLASSIC_HEADER.match(data, at)
        if header is None:
            return self._lastLine(data, at, CLASSIC, False)
        after = self._blockEnd(data, at, header)
        if after > len(data):
            return at
        # Whole, but its line is unusually long.
        if found is not None:
            found[header[1]] = data[at:after]
        return self._classic(data, after, found)

    def _blockEnd(self, data: bytes, at: int, header: re.Match[bytes]) -> int:
        # Offset behind a block, all of which may not be there.
        after = header.end() + int(header[2]) + 2
        tooLong = header.end() - at - 2 > self.maxLine
        if tooLong or (after <= len(data) and not data.startswith(CRLF, after - 2)):
            raise BadReply(data[at : header.end()][:80])
        return after

    def _other(self, data: bytes, at: int, expect: int, begin: int) -> int:
        # The same for replies of one block or one line, and perhaps the barrier behind it.
        self._ended = False
        header = HEADERS[expect].match(data, at)
        if header is not None:
            # What is held of a reply here is a quiet one's, and only the barrier may follow.
            if self._held:
                raise BadReply(data[at : at + 80])
            after = self._blockEnd(data, at, header)
            if after > len(data):
                return at
            at = after
            self._ended = expect == META
            if self._ended:
                return at
        at = self._lastLine(data, at, expect, at > begin)
        if not self._ended and expect == QUIET and at > begin:
            at = self._lastLine(data, at, expect, True)
        return at

    def _lastLine(self, data: bytes, at: int, expect: int, begun: bool) -> int:
        end = data.find(CRLF, at)
        if end < 0:
            return at
        line = data[at : end + 2]
        if line in LINES[expect]:
            self._ended = True
            return end + 2
        begun = begun or self._held > 0
        tooLong = end - at > self.maxLine
        if tooLong or not isReply(line[:-2], expect) or (expect == QUIET and begun):
            raise BadReply(line[:80])
        self._ended = expect != QUIET
        return end + 2

    def _assemble(self, request: Request, data: bytes, begin: int, at: int) -> bytes:
        if self._held > self.pipeline.replyMax:
            self._held = 0
            return self.pipeline.errorLine(TOO_LARGE)
        if request.found is not None:
            # The blocks are found already; the line that ended them tells how it went.
            behind = data.rfind(CRLF, begin, at - 2)
            begin = behind + 2 if behind >= 0 else begin
        reply = data[begin:at]
        if self._pieces:
            self._pieces.append(reply)
            reply = b"".join(self._pieces)
            self._pieces = []
        self._held = 0
        return reply[: -len(BARRIER)] if request.expect == QUIET else reply

    def _keep(self, data: bytes, begin: int, at: int) -> None:
        queue = self.pipeline.outQueue
        if begin < at:
            self._held += at - begin
            found, owner = queue[0].found, queue[0].owner
            if isinstance(owner, Gather):
                owner.coming(at - begin)
            if self._held > self.pipeline.replyMax:
                self._pieces = []
                if found is not None:
                    found.clear()
            elif found is None:
                self._pieces.append(data[begin:at])
        if not queue and at < len(data):
            raise BadReply(data[at : at + 80])

    def _deliver(self, touched: list[Owner], count: int, size: int) -> None:
        if count:
            self.pipeline.delivered(count, size)
        for owner in touched:
            owner.settle()
