"""
A stream of sampled requests: C{/api/v1/tap}.

The proxy never waits for a reader. What does not fit is dropped and counted, and the reader is
told how much that was once there is room.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from http import HTTPStatus
from random import Random
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from nuttwist.http.answering import Wrong, inWords, say
from nuttwist.http.arguments import part, text
from nuttwist.http.source import Source

#: Taps at a time.
TAPS_MAX = 8

#: Seconds between two writes, lines held for one, and writes without a line before a blank one.
PAUSE = 0.25
LINES_MAX = 1000
PATIENCE = 40


class Wanted:
    """
    Which samples a reader wants.
    """

    def __init__(self, pool: str | None, match: str | None, share: float, random: Random) -> None:
        """
        @param match: a pattern for the key.
        @param share: of the samples, above 0 and up to 1.
        """
        self._pool = pool
        self._match = match
        self._share = share
        self._random = random

    def takes(self, sample: dict[str, Any]) -> bool:
        """
        Whether a sample is among them.
        """
        if self._pool is not None and sample["pool"] != self._pool:
            return False
        if self._match is not None and not fnmatchcase(sample["key"] or "", self._match):
            return False
        return self._share >= 1 or self._random.random() < self._share


@implementer(IPushProducer)
class Stream:
    """
    One reader: holds a bounded number of lines, and writes them while the reader takes them.

    @ivar dropped: lines that did not fit and that the reader has not been told of.
    """

    def __init__(self, request: Request, wanted: Wanted) -> None:
        self.dropped = 0
        self._request = request
        self._wanted = wanted
        self._lines: list[bytes] = []
        self._paused = False
        self._silent = 0

    def tell(self, sample: dict[str, Any]) -> None:
        """
        Take a sample, if it is wanted and there is room.
        """
        if not self._wanted.takes(sample):
            return
        if len(self._lines) >= LINES_MAX:
            self.dropped += 1
        else:
            self._lines.append(_line(sample))

    def flush(self) -> None:
        """
        Write what there is, unless the reader is behind.
        """
        if self._paused:
            return
        lines, self._lines = self._lines, []
        if self.dropped:
            lines.append(_line({"dropped": self.dropped}))
            self.dropped = 0
        self._silent = 0 if lines else self._silent + 1
        if self._silent >= PATIENCE:
            self._silent = 0
            lines.append(b"\n")
        if lines:
            self._request.write(b"".join(lines))

    def pauseProducing(self) -> None:
        """
        The reader does not keep up.
        """
        self._paused = True

    def resumeProducing(self) -> None:
        """
        It has taken everything.
        """
        self._paused = False

    def stopProducing(self) -> None:
        """
        The reader is gone; the request tells so too.
        """


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"


class TapResource(Resource):
    """
    Starts a stream for each reader.
    """

    isLeaf = True

    def __init__(self, source: Source, clock: Any, random: Random | None = None) -> None:
        Resource.__init__(self)
        self._source = source
        self._clock = clock
        self._random = random or Random()  # noqa: S311  a choice, no secret
        self._open = 0

    def render_GET(self, request: Request) -> bytes | int:
        try:
            wanted = self._wanted(request)
        except Wrong as wrong:
            return say(request, inWords(wrong))
        request.setHeader(b"Content-Type", b"application/x-ndjson")
        if request.method != b"HEAD":
            self._stream(request, wanted)
            return NOT_DONE_YET
        return b""

    def _wanted(self, request: Request) -> Wanted:
        if self._open >= TAPS_MAX:
            raise Wrong(HTTPStatus.SERVICE_UNAVAILABLE, f"there are {TAPS_MAX} taps open already")
        return Wanted(
            text(request, "pool"), text(request, "match"), part(request, "sample"), self._random
        )

    def _stream(self, request: Request, wanted: Wanted) -> None:
        stream = Stream(request, wanted)
        self._open += 1
        # The header leaves at once, so that the reader knows that it is heard.
        request.write(b"\n")
        request.registerProducer(stream, True)
        end = self._source.tap(stream.tell)
        flushing = LoopingCall(stream.flush)
        flushing.clock = self._clock
        flushing.start(PAUSE, now=False)

        def over(_: object) -> None:
            self._open -= 1
            flushing.stop()
            end()

        request.notifyFinish().addBoth(over)
