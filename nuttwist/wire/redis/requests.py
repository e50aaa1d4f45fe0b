"""
Arrow (a) for redis: a client's bytes become requests.

Rules of this module. L{RedisRequests.bulk} takes whole, well-formed requests off the front of a
chunk, those with one key at its usual place in a shorter way; what is cut or wrong goes line by
line through L{RedisRequests.line} and L{RedisRequests.raw}, which define the behaviour. What is
not RESP ends the connection as in redis; what is RESP but no good is answered, and it stays.
Sources: redis's protocol specification; networking.c, processMultibulkBuffer, for the errors.
"""

from __future__ import annotations

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis import limits, scan
from nuttwist.wire.redis.commandtable import find, unknownCommand, wrongArity
from nuttwist.wire.redis.dispatch import WAYS
from nuttwist.wire.redis.heads import HEADS
from nuttwist.wire.redis.inline import splitInline
from nuttwist.wire.redis.keys import BadArguments, integer
from nuttwist.wire.redis.local import ALLOWED_UNAUTHENTICATED
from nuttwist.wire.redis.resp import CRLF, error, request
from nuttwist.wire.redis.session import Session
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, Request
from nuttwist.wire.router import Router, Settings

NOAUTH = b"-NOAUTH Authentication required\r\n"


class RedisRequests:
    """
    Reads one client's requests and sends them on their way.

    @ivar replies: the client's reply queue.
    @ivar session: what the client has said of itself.
    @ivar feeding: a crowded pipeline that the last chunk fed, or L{None}.
    """

    __slots__ = (
        "_args",
        "_left",
        "_pieces",
        "_raw",
        "_room",
        "feeding",
        "maxLine",
        "replies",
        "router",
        "session",
        "settings",
    )

    def __init__(self, replies: ReplyQueue, router: Router, settings: Settings) -> None:
        self.replies = replies
        self.router = router
        self.follow(settings)
        self.session = Session(id=router.nextClient(), created=router.time())
        self.feeding: Pipeline | None = None
        # Of a request that is coming: arguments left, those there, its bytes, the last one's; and
        # the bytes that its other arguments may still take.
        self._left = self._room = 0
        self._args: list[bytes] = []
        self._pieces: list[bytes] = []
        self._raw: list[bytes] = []

    def follow(self, settings: Settings) -> None:
        """
        Go by these settings from now on.
        """
        self.settings = settings
        self.maxLine = settings.line_length_max or limits.MAX_LINE

    @property
    def password(self) -> bytes | None:
        """
        The pool's C{redis_auth}, or L{None} when whoever comes may ask.
        """
        return self.settings.password

    def about(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """
        What INFO tells of the pool and its servers.
        """
        statistics = self.router.statistics
        return [("Pool", statistics("")), ("Servers", statistics("servers"))]

    def time(self) -> float:
        """
        Seconds since 1970.
        """
        return self.router.time()

    def clients(self) -> int:
        """
        How many clients are connected.
        """
        return self.router.clients()

    def locked(self) -> bool:
        """
        True until the client has told the pool's password.
        """
        return self.settings.password is not None and not self.session.authenticated

    def bulk(self, data: bytes, at: int) -> int:
        """
        Take whole requests off the chunk.

        @param at: offset of the first byte of a line.
        @return: offset of the first byte not taken, again the first of a line.
        """
        if self._left or self.locked():
            return at
        now, largest = self.router.seconds(), self.settings.item_size_max
        replies = self.replies
        waiting = replies.waiting
        while True:
            if replies.ending:  # what is behind a QUIT is nobody's
                return len(data)
            pipelines: list[Pipeline] = []
            pieces: list[bytes] = []
            room, routes = replies.room - len(waiting), self.router.routes
            at = scan.requests(data, at, room, largest, HEADS, routes, pipelines, pieces)
            for pipeline, piece in zip(pipelines, pieces):  # noqa: B905  strict costs a call
                queued = Request(replies, piece, now)
                waiting.append(queued)
                pipeline.inQueue.append(queued)
                if not pipeline.awake:
                    pipeline.awake = True
                    pipeline.sink.wake()
                if pipeline.crowded:
                    self.feeding = pipeline
            if at == len(data) or len(waiting) >= replies.room:
                break
            after = self._dispatchWhole(data, at)
            if after < 0:
                break
            at = after
            if self.locked():  # a wrong AUTH, or a RESET
                break
        return at

    def line(self, line: bytes) -> int:
        """
        Read one line, without its end.

        @return: how many raw bytes follow it, the end of the argument included.
        """
        if len(line) > self.maxLine:
            return self._endless(line)
        if self._left:
            return self._argument(line)
        if line.startswith(b"*"):
            return self._array(line)
        self._inline(line)
        return 0

    def partial(self, rest: bytes) -> None:
        """
        Look at the start of a line whose end has not come.
        """
        if len(rest) > self.maxLine + 1:  # the last byte may be the CR of the line's end
            self._endless(rest)
        elif self.settings.hangUp and (b"\n" in rest or not (self._left or rest.startswith(b"*"))):
            self.replies.hangUp()

    def raw(self, piece: bytes, last: bool) -> None:
        """
        Take a piece of the argument that a line announced.

        @param last: this piece ends it.
        """
        self._raw.append(piece)
        if not last:
            return
        value = b"".join(self._raw)
        self._raw = []
        if not value.endswith(CRLF):
            self.broken(b"expected CRLF after a string")
            return
        self._pieces.append(value)
        self._args.append(value[:-2])
        self._left -= 1
        if not self._left:
            args, data = self._args, b"".join(self._pieces)
            self._args, self._pieces = [], []
            self.dispatch(args, data)

    # -- what the ways of L{nuttwist.wire.redis.dispatch} end in

    def submit(self, pipeline: Pipeline, data: bytes) -> None:
        """
        Queue a request for a server, and for its turn with the client.
        """
        queued = Request(self.replies, data, self.router.seconds(), CLASSIC)
        self.replies.waiting.append(queued)
        pipeline.submit(queued)
        self.fed(pipeline)

    def fed(self, pipeline: Pipeline) -> None:
        """
        Something was queued: note if this client is to be held back for it.
        """
        if pipeline.crowded:
            self.feeding = pipeline

    def refuse(self, line: bytes) -> None:
        """
        Answer with an error, or hang up as twemproxy does.
        """
        if self.settings.hangUp:
            self.replies.hangUp()
        else:
            self.replies.answer(line)

    def broken(self, text: bytes) -> int:
        """
        What came is not RESP: say so, as redis does, and close.

        @return: 0, since no raw bytes follow.
        """
        self.replies.hangUp(b"" if self.settings.hangUp else error(b"ERR Protocol error: " + text))
        return 0

    def dispatch(self, args: list[bytes], data: bytes) -> None:
        """
        Send one request on its way.

        @param data: its bytes, as the client sent them.
        """
        command = find(args)
        if self.locked() and (command is None or command.name not in ALLOWED_UNAUTHENTICATED):
            self.replies.answer(NOAUTH)
            return
        if command is None:
            self.refuse(error(unknownCommand(args)))
            return
        wrong = wrongArity(command, args)
        if wrong is not None:
            # Where the number may vary, twemproxy has a server say so.
            say = self.replies.answer if command.arity < 0 < len(args) - 1 else self.refuse
            say(error(wrong))
            return
        try:
            keys = [args[index] for index in command.keys(args)]
        except BadArguments as bad:
            self.refuse(error(bad.text))
            return
        WAYS[command.route](self, command, args, data, keys)

    def _dispatchWhole(self, data: bytes, at: int) -> int:
        # The one request of any kind that begins here; -1 when it is cut or wrong.
        args: list[bytes] = []
        after: int = scan.whole(data, at, self.settings.item_size_max, args)
        if after > 0:
            self.dispatch(args, data[at:after])
        return after

    def _array(self, line: bytes) -> int:
        count = integer(line[1:])
        if count is None or count > limits.ARGS_MAX:
            return self.broken(b"invalid multibulk length")
        if count > limits.LOCKED_ARGS_MAX and self.locked():
            return self.broken(b"unauthenticated multibulk length")
        if count <= 0 and self.settings.hangUp:
            self.replies.hangUp()
        self._left = max(count, 0)
        self._pieces = [line + CRLF]
        self._room = self.settings.request_bytes_max
        return 0

    def _argument(self, line: bytes) -> int:
        if not line.startswith(b"$"):
            return self.broken(b"expected '$', got '%s'" % (line[:1] or b" "))
        size = integer(line[1:])
        if size is None or not 0 <= size <= self.settings.item_size_max:
            return self.broken(b"invalid bulk length")
        if size > limits.LOCKED_SIZE_MAX and self.locked():
            return self.broken(b"unauthenticated bulk length")
        self._room -= size + limits.ARGUMENT
        if self._room < 0:
            return self.broken(b"too big request")
        self._pieces.append(line + CRLF)
        return size + 2

    def _inline(self, line: bytes) -> None:
        args = splitInline(line)
        if self.settings.hangUp:
            self.replies.hangUp()
        elif args is None:
            self.broken(b"unbalanced quotes in request")
        elif args:
            self.dispatch(args, request(args))

    def _endless(self, line: bytes) -> int:
        if self._left:
            return self.broken(b"too big bulk count string")
        if line.startswith(b"*"):
            return self.broken(b"too big mbulk count string")
        return self.broken(b"too big inline request")
