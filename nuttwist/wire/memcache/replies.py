"""
Arrow (c) for memcached: a server's bytes become replies.

Rules of this module. A reply is passed on only when it is whole. L{MemcacheReplies.bulk} takes
whole replies and whole C{VALUE} blocks off the front of a chunk; a block that is cut goes
through L{MemcacheReplies.line} and L{MemcacheReplies.raw}, and then whole through bulk. A reply
that nobody asked for, or that is none, raises L{BadReply}: the connection must go, since
pairing by order is lost. Source of the replies: memcached's doc/protocol.txt.
"""

from __future__ import annotations

from nuttwist.wire.framing import BadReply
from nuttwist.wire.memcache.commands import CRLF
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET, Owner, Request

#: How a block with a value begins, by what is expected: an acknowledgement has none.
BLOCK: dict[int, tuple[bytes, ...]] = {
    CLASSIC: (b"VALUE ",),
    META: (b"VA ",),
    QUIET: (b"VA ",),
    ACKNOWLEDGE: (),
}

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


def blockSize(words: list[bytes], expect: int) -> int:
    """
    How many bytes the value has that a line announces.

    @param words: the line: VALUE KEY FLAGS SIZE [CAS], or VA SIZE FLAG...
    @raise BadReply: the line is not well formed.
    """
    if expect == CLASSIC:
        size = words[3] if 4 <= len(words) <= 5 and words[2].isdigit() else b""
    else:
        size = words[1]
    if not size.isdigit() or len(size) > 10:
        raise BadReply(b" ".join(words))
    return int(size)


class MemcacheReplies:
    """
    Reads one server connection and pairs its replies with the out-queue.

    @ivar pipeline: the queues of the connection.
    """

    __slots__ = ("_held", "_pieces", "_raw", "maxLine", "pipeline")

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.maxLine = MAX_LINE
        # Of the reply that is being received: what came in earlier chunks, and its size.
        self._pieces: list[bytes] = []
        self._held = 0
        # Of the block that is being received.
        self._raw: list[bytes] = []

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take whole replies and whole blocks off the chunk.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        @raise BadReply: the server broke the protocol.
        """
        queue = self.pipeline.outQueue
        touched: list[Owner] = []
        count = size = 0
        begin = at
        try:
            while queue:
                end = data.find(CRLF, at)
                if end < 0:
                    break
                request = queue[0]
                expect = request.expect
                if data.startswith(BLOCK[expect], at):
                    after = self._block(data, at, end, request)
                    if after < 0:
                        break
                    at = after
                    if expect != META:
                        continue
                else:
                    line = data[at : end + 2]
                    if line not in LINES[expect] and not self._isLast(line, expect, at > begin):
                        at = end + 2
                        continue
                    at = end + 2
                length = at - begin + self._held
                reply = data[begin:at]
                if self._held or expect > META or request.found is not None:
                    reply = self._assemble(request, reply)
                begin = at
                queue.popleft()
                request.reply = reply
                owner = request.owner
                if owner is None or not owner.touched:
                    if owner is None or owner.gone:
                        continue
                    owner.touched = True
                    touched.append(owner)
                count += 1
                size += length
            self._keep(data, begin, at)
        finally:
            self._deliver(touched, count, size)
        return at

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it.
        @raise BadReply: the server broke the protocol.
        """
        if len(line) > self.maxLine:
            raise BadReply(line[:80])
        queue = self.pipeline.outQueue
        if queue and line.startswith(BLOCK[queue[0].expect]):
            self._raw = [line + CRLF]
            return blockSize(line.split(b" "), queue[0].expect) + 2
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

    def _block(self, data: bytes, at: int, end: int, request: Request) -> int:
        if end - at > self.maxLine:
            raise BadReply(data[at : at + 80])
        words = data[at:end].split(b" ")
        after = end + blockSize(words, request.expect) + 4
        if after > len(data):
            return -1
        if data[after - 2 : after] != CRLF:
            raise BadReply(data[at:end])
        if request.found is not None:
            request.found[words[1]] = data[at:after]
        return after

    def _isLast(self, line: bytes, expect: int, begun: bool) -> bool:
        begun = begun or self._held > 0
        tooLong = len(line) - 2 > self.maxLine
        if tooLong or not isReply(line[:-2], expect) or (expect == QUIET and begun):
            raise BadReply(line[:80])
        return expect != QUIET

    def _assemble(self, request: Request, reply: bytes) -> bytes:
        if request.found is not None:
            # The blocks are found already; the line that ended them tells how it went.
            behind = reply.rfind(CRLF, 0, -2)
            reply = reply[behind + 2 :] if behind >= 0 else reply
        elif self._pieces:
            self._pieces.append(reply)
            reply = b"".join(self._pieces)
        if request.expect == QUIET:
            reply = reply[: -len(BARRIER)]
        self._pieces = []
        self._held = 0
        return reply

    def _keep(self, data: bytes, begin: int, at: int) -> None:
        queue = self.pipeline.outQueue
        if begin < at:
            self._held += at - begin
            if queue[0].found is None:
                self._pieces.append(data[begin:at])
        if not queue and at < len(data):
            raise BadReply(data[at : at + 80])

    def _deliver(self, touched: list[Owner], count: int, size: int) -> None:
        if count:
            self.pipeline.delivered(count, size)
        for owner in touched:
            owner.settle()
