"""
A client's redis requests, read line by line.

Rules of this module. It defines what bytes mean; L{nuttwist.wire.redis.requests} is only quicker.
What is not RESP ends the connection as in redis; nothing is allocated on the client's word.
Sources: redis's protocol specification; networking.c, processMultibulkBuffer, for the errors.
"""

from __future__ import annotations

from nuttwist.wire.framing import crlfEnd, lfEnd
from nuttwist.wire.joining import MANY
from nuttwist.wire.redis import limits
from nuttwist.wire.redis.inline import splitInline
from nuttwist.wire.redis.keys import integer
from nuttwist.wire.redis.resp import CRLF, error, request
from nuttwist.wire.redis.session import Session
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.router import Settings


class RequestLines:
    """
    Reads one client's requests, each line and each argument by itself.

    @ivar replies: the client's reply queue.
    @ivar session: what the client has said of itself.
    """

    __slots__ = (
        "_args",
        "_left",
        "_pieces",
        "_raw",
        "_room",
        "_stretches",
        "maxLine",
        "replies",
        "session",
        "settings",
    )

    def __init__(self, replies: ReplyQueue, session: Session, settings: Settings) -> None:
        self.replies = replies
        self.session = session
        self.follow(settings)
        # Of a request that is coming: arguments left, those there, its bytes, the last one's; and
        # the bytes that its other arguments may still take. Very many pieces are no longer kept
        # each by itself.
        self._left = self._room = 0
        self._args: list[bytes] = []
        self._pieces: list[bytes] = []
        self._stretches: list[bytes] = []
        self._raw: list[bytes] = []

    def follow(self, settings: Settings) -> None:
        """
        Go by these settings from now on.
        """
        self.settings = settings
        self.maxLine = settings.line_length_max or limits.MAX_LINE

    def locked(self) -> bool:
        """
        True until the client has told the pool's password.
        """
        return self.settings.password is not None and not self.session.authenticated

    def dispatch(self, args: list[bytes], data: bytes) -> None:
        """
        A request is whole.

        @param data: its bytes, as the client sent them or would have.
        """

    def lineEnd(self, data: bytes, at: int) -> tuple[int, int]:
        """
        Find the end of a line: LF, with one CR before it, as redis ends an inline request; or, as
        twemproxy does, CR and LF.
        """
        return crlfEnd(data, at) if self.settings.hangUp else lfEnd(data, at)

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
            if self.settings.hangUp:
                self.replies.hangUp()
                return
            # redis passes over two bytes behind a string, whatever they are.
            value = value[:-2] + CRLF
        self._pieces.append(value)
        self._args.append(value[:-2])
        self._left -= 1
        if not self._left:
            args, data = self._args, b"".join([*self._stretches, *self._pieces])
            self._args, self._pieces, self._stretches = [], [], []
            self.dispatch(args, data)

    def broken(self, text: bytes) -> int:
        """
        What came is not RESP: say so, as redis does, and close.

        @return: 0, since no raw bytes follow.
        """
        self.replies.hangUp(b"" if self.settings.hangUp else error(b"ERR Protocol error: " + text))
        return 0

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
        if len(self._pieces) > MANY:
            self._stretches.append(b"".join(self._pieces))
            self._pieces = []
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
