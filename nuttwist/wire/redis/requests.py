"""
Arrow (a) for redis: a client's bytes become requests.

Rules of this module. L{RedisRequests.bulk} takes whole, well-formed requests off the front of a
chunk, those with one key at its usual place in a shorter way; what is cut or wrong goes line by
line through L{nuttwist.wire.redis.lines}, which defines the behaviour. What is RESP but no good is
answered, and the connection stays.
"""

from __future__ import annotations

from nuttwist.wire.framing import SPEAKS_HTTP
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.redis import scan
from nuttwist.wire.redis.commandtable import find, unknownCommand, wrongArity
from nuttwist.wire.redis.dispatch import WAYS
from nuttwist.wire.redis.heads import HEADS
from nuttwist.wire.redis.keys import BadArguments
from nuttwist.wire.redis.lines import RequestLines
from nuttwist.wire.redis.local import ALLOWED_UNAUTHENTICATED
from nuttwist.wire.redis.resp import error
from nuttwist.wire.redis.session import Session
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import CLASSIC, Request
from nuttwist.wire.router import Router, Settings

#: What redis takes for an attack across protocols (server.c, processCommand).
ATTACKS = (b"post", b"host:")

NOAUTH = b"-NOAUTH Authentication required\r\n"


class RedisRequests(RequestLines):
    """
    Reads one client's requests and sends them on their way.

    @ivar feeding: a crowded pipeline that the last chunk fed, or L{None}.
    """

    __slots__ = ("feeding", "router")

    def __init__(self, replies: ReplyQueue, router: Router, settings: Settings) -> None:
        session = Session(id=router.nextClient(), created=router.time())
        super().__init__(replies, session, settings)
        self.router = router
        self.feeding: Pipeline | None = None

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

    def dispatch(self, args: list[bytes], data: bytes) -> None:
        """
        Send one request on its way.

        @param data: its bytes, as the client sent them.
        """
        if args[0].lower() in ATTACKS:
            # A web page must not drive a cache: redis closes over what HTTP begins with.
            self.replies.hangUp(suspicion=SPEAKS_HTTP)
            return
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
