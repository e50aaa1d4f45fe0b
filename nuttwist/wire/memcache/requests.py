"""
Arrow (a) for memcached: a client's bytes become requests.

Rules of this module. L{MemcacheRequests.bulk} takes the common, complete and well-formed
requests off the front of a chunk; whatever it leaves goes line by line through
L{MemcacheRequests.line} and L{MemcacheRequests.raw}, which define the behaviour. Each request
ends in exactly one of: a request submitted to a pipeline, an answer in the reply queue, or
silence that the client asked for. A value is never taken for a command: when a line announces
one that can be skipped, it is skipped even if the line is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nuttwist.wire.framing import SPEAKS_HTTP, crlfEnd, lfEnd
from nuttwist.wire.memcache import commands as c, scan
from nuttwist.wire.memcache.commands import COMMANDS, CRLF
from nuttwist.wire.memcache.keys import routeDecoded
from nuttwist.wire.memcache.manykeys import squeezed
from nuttwist.wire.memcache.retrieving import retrieveLong, several
from nuttwist.wire.memcache.shapes import SHAPES, refuseLong
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, NOTHING, QUIET, Request
from nuttwist.wire.router import Router, Settings

#: How a line may begin that twemproxy would go on reading.
HOPEFUL = re.compile(rb" *[a-z_]*(?:[ \r]|\Z)")

#: Bytes of a line without its end: room for a get of some thousand keys.
MAX_LINE = 1024 * 1024


class MemcacheRequests:
    """
    Reads one client's requests and sends them on their way.

    @ivar replies: the client's reply queue.
    @ivar feeding: a crowded pipeline that the last chunk fed, or L{None}.
    """

    __slots__ = (
        "_expected",
        "_key",
        "_pieces",
        "feeding",
        "maxLine",
        "replies",
        "router",
        "settings",
    )

    def __init__(self, replies: ReplyQueue, router: Router, settings: Settings) -> None:
        self.replies = replies
        self.router = router
        self.follow(settings)
        self.feeding: Pipeline | None = None
        self._pieces: list[bytes] = []
        self._key = b""
        self._expected = CLASSIC

    def follow(self, settings: Settings) -> None:
        """
        Go by these settings from now on.
        """
        self.settings = settings
        self.maxLine = settings.line_length_max or MAX_LINE

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take get and set requests off the chunk for as long as they are ordinary.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        """
        router = self.router
        replies = self.replies
        waiting = replies.waiting
        now = router.seconds()
        crowded = router.crowded
        largest = self.settings.item_size_max
        while True:
            pipelines: list[Pipeline] = []
            pieces: list[bytes] = []
            room = replies.room - len(waiting)
            at = scan.requests(data, at, room, largest, router.routes, pipelines, pieces)
            for pipeline, piece in zip(pipelines, pieces):  # noqa: B905  strict costs a call
                request = Request(replies, piece, now)
                waiting.append(request)
                pipeline.inQueue.append(request)
                if not pipeline.awake:
                    pipeline.awake = True
                    pipeline.sink.wake()
                if crowded and pipeline.crowded:
                    self.feeding = pipeline
            if at == len(data) or len(waiting) >= replies.room:
                break
            after = self._retrieval(data, at)
            if after < 0:
                break
            at = after
        return at

    def _retrieval(self, data: bytes, at: int) -> int:
        # One get, of several keys or one whose way is not known: offset behind it, or -1.
        end = data.find(CRLF, at) if data.startswith(b"get ", at) else -1
        if end < 0 or end - at > self.maxLine:
            return -1
        sent = several(self, data[at:end], b"get ", data[at + 4 : end])
        return end + 2 if sent else -1

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        """
        Find the end of a line: LF, with one CR before it, as memcached does; or, as twemproxy
        does, CR and LF.
        """
        return crlfEnd(data, at) if self.settings.hangUp else lfEnd(data, at)

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it, the end of the value included.
        """
        if len(line) > self.maxLine and line[:1] not in c.NOT_TEXT_BYTES:
            return self._endless()
        if len(line) > c.SHORT_LINE:
            return self._long(line)
        words = [word for word in line.split(b" ") if word]
        command = COMMANDS.get(words[0]) if words else None
        if command is None:
            return self._unknown(line)
        return SHAPES[command.shape](self, line, words, command)

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.
        """
        if rest[:1] in c.NOT_TEXT_BYTES:
            self._unknown(rest)
        elif len(rest) > self.maxLine + 1:  # the last byte may be the CR of the line's end
            self._endless()
        elif self.settings.hangUp and not HOPEFUL.match(rest):
            self.replies.hangUp()

    def raw(self, piece: bytes, last: bool) -> None:
        """
        Take a piece of the value that a line announced.

        @param last: this piece ends it.
        """
        if not self._pieces:
            return
        self._pieces.append(piece)
        if not last:
            return
        data = b"".join(self._pieces)
        self._pieces = []
        if not data.endswith(CRLF):
            self.refuse(c.BAD_CHUNK, silent=self._expected == NOTHING)
            return
        if self._expected == QUIET:
            data += c.BARRIER
        self.submit(routeDecoded(self.router, self._key), data, self._expected)

    # -- what the shapes of L{nuttwist.wire.memcache.shapes} end in

    def submit(self, pipeline: Pipeline, data: bytes, expect: int) -> None:
        """
        Queue a request for a server, and for its turn with the client if a reply is expected.
        """
        owner = None if expect == NOTHING else self.replies
        request = Request(owner, data, self.router.seconds(), expect)
        if owner is not None:
            owner.waiting.append(request)
        pipeline.submit(request)
        if pipeline.crowded:
            self.feeding = pipeline

    def fed(self, pipelines: Iterable[Pipeline]) -> None:
        """
        Parts of a request were queued: note if this client is to be held back for one of them.
        """
        if self.router.crowded:
            for pipeline in pipelines:
                if pipeline.crowded:
                    self.feeding = pipeline

    def announce(self, line: bytes, key: bytes, size: int, expect: int) -> int:
        """
        A well-formed line announces a value: collect both, or skip a value that is too large.

        @return: how many raw bytes follow.
        """
        if size > self.settings.item_size_max:
            self._dropOld(line, key)
            return self.skip(c.TOO_LARGE, size, silent=expect == NOTHING)
        self._key = key
        self._expected = expect
        self._pieces = [line + CRLF]
        return size + 2

    def _dropOld(self, line: bytes, key: bytes) -> None:
        # memcached drops the item that a set was to replace when it has no room for the new one:
        # a client must not find what it believes to be overwritten (proto_text.c).
        if line.lstrip(b" ").startswith(b"set ") and not self.settings.hangUp:
            self.submit(self.router.route(key), b"delete %b noreply\r\n" % key, NOTHING)

    def skip(self, error: bytes, size: int | None, silent: bool = False) -> int:
        """
        Refuse a line, and skip the value that it announces if its size is known.

        @param silent: the client asked for no reply.
        @return: how many raw bytes follow.
        """
        self.refuse(error, silent)
        return 0 if size is None else size + 2

    def refuse(self, error: bytes, silent: bool = False) -> int:
        """
        Answer with an error, or hang up as twemproxy does.

        @param silent: the client asked for no reply.
        @return: 0, since no raw bytes follow.
        """
        if self.settings.hangUp and error is not c.TOO_LARGE:
            self.replies.hangUp()
        elif not silent:
            self.replies.answer(error)
        return 0

    def _long(self, line: bytes) -> int:
        # It may have very many words.
        tidy = squeezed(line)
        words = tidy.split(b" ", 5)
        command = COMMANDS.get(words[0])
        if command is None:
            return self._unknown(line)
        if line.startswith((b"get ", b"gets ")):
            return retrieveLong(self, line, tidy)
        words[-1] = words[-1].rpartition(b" ")[2]
        return refuseLong(self, words, command)

    def _endless(self) -> int:
        self.replies.hangUp(b"" if self.settings.hangUp else c.LINE_TOO_LONG)
        return 0

    def _unknown(self, line: bytes) -> int:
        if line[:1] in c.NOT_TEXT_BYTES and not self.settings.hangUp:
            self.replies.hangUp(c.NOT_TEXT)
            return 0
        if line.rstrip(b" ").rpartition(b" ")[2].startswith(b"HTTP/"):
            # A web page must not drive a cache: what follows is closed as by memcached.
            self.replies.hangUp(suspicion=SPEAKS_HTTP)
            return 0
        return self.refuse(c.ERROR)
