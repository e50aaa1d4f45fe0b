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
from collections.abc import Callable

from nuttwist.wire.memcache import commands as c
from nuttwist.wire.memcache.commands import COMMANDS, Command, Shape
from nuttwist.wire.memcache.gathers import flush, retrieve
from nuttwist.wire.memcache.keys import isKey, routedKey
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, NOTHING, QUIET, Request
from nuttwist.wire.router import Router, Settings

CRLF = b"\r\n"

#: How a line may begin that twemproxy would go on reading.
HOPEFUL = re.compile(rb" *[a-z]*(?:[ \r]|\Z)")


def number(word: bytes, allowed: range) -> int | None:
    """
    A decimal number in the given range, or L{None}.
    """
    digits = word[1:] if word[:1] == b"-" else word
    # 20 digits hold every number of 64 bits; int() of a hostile length would be slow.
    if not digits.isdigit() or len(digits) > 20:
        return None
    value = int(word)
    return value if value in allowed else None


class MemcacheRequests:
    """
    Reads one client's requests and sends them on their way.

    @ivar replies: the client's reply queue.
    @ivar feeding: a crowded pipeline that the last chunk fed, or L{None}.
    """

    __slots__ = (
        "_expected",
        "_pieces",
        "_pipeline",
        "_verb",
        "feeding",
        "replies",
        "router",
        "settings",
    )

    #: Bytes of a line without its end: room for a get of some thousand keys.
    maxLine = 1024 * 1024

    def __init__(self, replies: ReplyQueue, router: Router, settings: Settings) -> None:
        self.replies = replies
        self.router = router
        self.settings = settings
        self.feeding: Pipeline | None = None
        self._pieces: list[bytes] = []
        self._pipeline: Pipeline | None = None
        self._expected = CLASSIC

    def bulk(self, data: bytes, at: int) -> int:  # noqa: C901, PLR0911, PLR0912  one hot loop
        """
        Take get and set requests off the chunk for as long as they are ordinary.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        """
        router = self.router
        routes = router.routes
        largest = self.settings.item_size_max
        waiting = self.replies.waiting
        replies = self.replies
        find = data.find
        now = router.seconds()
        crowded = router.crowded
        while True:
            end = find(CRLF, at)
            if end < 0:
                return at
            verb = data[at : at + 4]
            if verb == b"get ":
                key = data[at + 4 : end]
                after = end + 2
            elif verb == b"set ":
                words = data[at + 4 : end].split(b" ")
                if len(words) != 4:
                    return at
                key, flags, exptime, length = words
                if not (flags.isdigit() and exptime.isdigit() and length.isdigit()):
                    return at
                if len(flags) > 9 or len(exptime) > 9 or len(length) > 9:
                    return at
                size = int(length)
                after = end + size + 4
                if size > largest or data[after - 2 : after] != CRLF:
                    return at
            else:
                return at
            pipeline = routes.get(key)
            if pipeline is None:
                if not isKey(key):
                    return at
                pipeline = router.route(key)
            request = Request(replies, data[at:after], now)
            waiting.append(request)
            pipeline.inQueue.append(request)
            if not pipeline.awake:
                pipeline.awake = True
                pipeline.sink.wake()
            if crowded and pipeline.crowded:
                self.feeding = pipeline
            at = after

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it, the end of the value included.
        """
        words = [word for word in line.split(b" ") if word]
        command = COMMANDS.get(words[0]) if words else None
        if command is None:
            return self._unknown(line)
        if len(line) > c.SHORT_LINE and not line.startswith((b"get ", b"gets ")):
            return self._refuse(c.LINE_TOO_LONG)
        return SHAPES[command.shape](self, line, words, command)

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.
        """
        if len(rest) > self.maxLine:
            self.replies.hangUp(b"" if self.settings.hangUp else c.LINE_TOO_LONG)
        elif rest[:1] in c.NOT_TEXT_BYTES:
            self._unknown(rest)
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
        pipeline = self._pipeline
        if not data.endswith(CRLF):
            self._refuse(c.BAD_CHUNK, silent=self._expected == NOTHING)
        elif pipeline is not None:
            self._submit(pipeline, data, self._expected)

    # -- one method a shape

    def retrieve(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        get and gets KEY..., gat and gats EXPTIME KEY...
        """
        keys = words[command.key :]
        if not keys:
            return self._refuse(c.ERROR)
        if command.number is not None and number(words[1], command.number) is None:
            return self._refuse(command.wrong)
        if not all(map(isKey, keys)):
            return self._refuse(c.BAD_FORMAT)
        route = self.router.route
        routed = [(key, route(key)) for key in keys]
        first = routed[0][1]
        if len(keys) == 1 or all(pipeline is first for _, pipeline in routed):
            self._submit(first, line + CRLF, CLASSIC)
        else:
            head = b" ".join(words[: command.key]) + b" "
            now = self.router.seconds()
            retrieve(self.replies, head, routed, now, self.settings.partial_results)
        return 0

    def store(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        set and kin: KEY FLAGS EXPTIME LENGTH [CAS] [noreply], then the value.
        """
        allowed = STORED if command.number is None else (*STORED, command.number)
        fixed = 2 + len(allowed)
        size = number(words[4], c.LENGTH) if len(words) > 4 else None
        silent = words[-1] == b"noreply" and len(words) == fixed + 1
        if len(words) != fixed and not silent:
            return self._skip(c.BAD_FORMAT if len(words) == fixed + 1 else c.ERROR, size)
        bad = any(
            number(word, each) is None for word, each in zip(words[2:], allowed, strict=False)
        )
        if size is None or bad or not isKey(words[1]):
            return self._skip(c.BAD_FORMAT, size, silent)
        return self._announce(line, words[1], size, NOTHING if silent else CLASSIC)

    def change(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        incr, decr and touch KEY NUMBER [noreply], delete KEY [noreply].
        """
        fixed = 2 if command.number is None else 3
        silent = words[-1] == b"noreply" and len(words) == fixed + 1
        if len(words) < fixed or (len(words) > fixed and not silent):
            return self._refuse(c.ERROR if command.number or len(words) < fixed else command.wrong)
        if not isKey(words[1]):
            return self._refuse(c.BAD_FORMAT, silent)
        if command.number is not None and number(words[2], command.number) is None:
            return self._refuse(command.wrong, silent)
        expect = NOTHING if silent else CLASSIC
        self._submit(self.router.route(words[1]), line + CRLF, expect)
        return 0

    def meta(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        mg, md, ma and me KEY FLAG...
        """
        if len(words) < 2 or not isKey(words[1]):
            return self._refuse(c.ERROR if len(words) < 2 else c.BAD_FORMAT)
        key = routedKey(words[1], words[2:])
        if key is None:
            return self._refuse(c.BAD_BASE64)
        quiet = b"q" in words[2:]
        data = line + (b"\r\nmn\r\n" if quiet else CRLF)
        self._submit(self.router.route(key), data, QUIET if quiet else command.expect)
        return 0

    def metaStore(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        ms KEY LENGTH FLAG..., then the value.
        """
        size = number(words[2], c.LENGTH) if len(words) > 2 else None
        if size is None or not isKey(words[1]):
            return self._skip(c.ERROR if len(words) < 2 else c.BAD_FORMAT, size)
        key = routedKey(words[1], words[3:])
        if key is None:
            return self._skip(c.BAD_BASE64, size)
        return self._announce(line, key, size, QUIET if b"q" in words[3:] else command.expect)

    def noop(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        mn: everything before it has been answered when its turn comes.
        """
        self.replies.answer(b"MN\r\n")
        return 0

    def version(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        version, asked of one server.
        """
        if len(words) > 1:
            return self._refuse(c.ERROR)
        # twemproxy hashes this word for commands without a key.
        self._submit(self.router.route(b"placeholder"), line + CRLF, CLASSIC)
        return 0

    def stats(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        stats [servers], the proxy's own.
        """
        about = b" ".join(words[1:])
        if about not in (b"", b"servers"):
            return self._refuse(c.ERROR)
        pairs = self.router.statistics(about.decode("ascii"))
        lines = "".join(f"STAT {name} {value}\r\n" for name, value in pairs)
        self.replies.answer(lines.encode("utf-8") + b"END\r\n")
        return 0

    def verbosity(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        verbosity LEVEL [noreply]: accepted, and changes nothing at the servers.
        """
        silent = words[-1] == b"noreply"
        if len(words) != 2 + silent:
            return self._refuse(c.ERROR)
        if number(words[1], c.FLAGS) is None:
            return self._refuse(c.BAD_FORMAT)
        if not silent:
            self.replies.answer(b"OK\r\n")
        return 0

    def flush(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        flush_all [DELAY] [noreply], for every server of the pool.
        """
        silent = words[-1] == b"noreply"
        delay = words[1 : len(words) - silent]
        if not self.settings.flush_all:
            return self._refuse(c.NO_FLUSH)
        if len(delay) > 1:
            return self._refuse(c.ERROR)
        if delay and number(delay[0], c.EXPTIME) is None:
            return self._refuse(command.wrong)
        fleet = list(self.router.fleet())
        if silent:
            for _, pipeline in fleet:
                self._submit(pipeline, line + CRLF, NOTHING)
        else:
            flush(self.replies, line + CRLF, fleet, self.router.seconds())
        return 0

    def quit(self, line: bytes, words: list[bytes], command: Command) -> int:
        """
        quit: what was asked before it is answered, what follows it is dropped.
        """
        if len(words) > 1:
            return self._refuse(c.ERROR)
        self.replies.end()
        return 0

    # -- shared

    def _submit(self, pipeline: Pipeline, data: bytes, expect: int) -> None:
        owner = None if expect == NOTHING else self.replies
        request = Request(owner, data, self.router.seconds(), expect)
        if owner is not None:
            owner.waiting.append(request)
        pipeline.submit(request)
        if pipeline.crowded:
            self.feeding = pipeline

    def _announce(self, line: bytes, key: bytes, size: int, expect: int) -> int:
        if size > self.settings.item_size_max:
            return self._skip(c.TOO_LARGE, size, silent=expect == NOTHING)
        self._pipeline = self.router.route(key)
        self._expected = expect
        self._pieces = [line + CRLF]
        return size + 2

    def _skip(self, error: bytes, size: int | None, silent: bool = False) -> int:
        self._refuse(error, silent)
        return 0 if size is None else size + 2

    def _refuse(self, error: bytes, silent: bool = False) -> int:
        if self.settings.hangUp and error is not c.TOO_LARGE:
            self.replies.hangUp()
        elif not silent:
            self.replies.answer(error)
        return 0

    def _unknown(self, line: bytes) -> int:
        if line[:1] in c.NOT_TEXT_BYTES and not self.settings.hangUp:
            self.replies.hangUp(c.NOT_TEXT)
            return 0
        return self._refuse(c.ERROR)


#: The numbers of a storage command: FLAGS EXPTIME LENGTH.
STORED = (c.FLAGS, c.EXPTIME, c.LENGTH)

SHAPES: dict[Shape, Callable[[MemcacheRequests, bytes, list[bytes], Command], int]] = {
    shape: getattr(MemcacheRequests, shape.value) for shape in Shape
}
