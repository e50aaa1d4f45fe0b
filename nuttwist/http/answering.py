"""
Resources that answer with a value, or with an error in words.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from nuttwist.logs.events import ANSWER_FAILED

_log = Logger(namespace="nuttwist.http")

JSON = b"application/json"

#: What a resource answers: status, type and body.
Said = tuple[int, bytes, bytes]


class Wrong(Exception):
    """
    The request cannot be answered.

    @ivar status: of the answer.
    @ivar text: why.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def inJson(value: Any, status: int = HTTPStatus.OK) -> Said:
    """
    An answer that is a value.
    """
    return status, JSON, json.dumps(value).encode("ascii") + b"\n"


def inWords(wrong: Wrong) -> Said:
    """
    An answer that is an error.
    """
    return inJson({"error": wrong.text}, wrong.status)


def say(request: Request, said: Said) -> bytes:
    """
    Answer a request at once.

    @return: the body, also for those who send it themselves.
    """
    status, kind, body = said
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", kind)
    request.setHeader(b"Content-Length", b"%d" % len(body))
    return b"" if request.method == b"HEAD" else body


class Answer(Resource):
    """
    A resource without children that answers GET and HEAD.
    """

    isLeaf = False

    def __init__(self, answer: Callable[[Request], Awaitable[Said]]) -> None:
        Resource.__init__(self)
        self._answer = answer

    def getChild(self, path: bytes, request: Request) -> Resource:
        return nowhere()

    def render_GET(self, request: Request) -> int:
        return answerLater(request, self._answer)


class Deed(Answer):
    """
    A resource that changes something, and so answers POST only.
    """

    def render_GET(self, request: Request) -> bytes:  # type: ignore[override]  # said at once
        wrong = Wrong(HTTPStatus.METHOD_NOT_ALLOWED, "this changes something: use POST")
        request.setHeader(b"Allow", b"POST")
        return say(request, inWords(wrong))

    def render_POST(self, request: Request) -> int:
        return answerLater(request, self._answer)


def nowhere(text: str = "there is nothing here; docs/api.md has the paths") -> Resource:
    """
    A resource for paths that lead nowhere.
    """

    async def answer(_: Request) -> Said:
        raise Wrong(HTTPStatus.NOT_FOUND, text)

    return Everywhere(answer)


class Branch(Resource):
    """
    Has resources below it, and says nothing itself.
    """

    def getChild(self, path: bytes, request: Request) -> Resource:
        return nowhere()

    def render(self, request: Request) -> int:
        said: int = nowhere().render(request)
        return said


class Everywhere(Answer):
    """
    Answers every method, for its own path and those below.
    """

    isLeaf = True

    def render(self, request: Request) -> int:
        return answerLater(request, self._answer)


def answerLater(request: Request, answer: Callable[[Request], Awaitable[Said]]) -> int:
    """
    Answer when the answer is known; nobody is answered who has gone.
    """
    gone: list[object] = []
    request.notifyFinish().addErrback(gone.append)
    Deferred.fromCoroutine(_answering(request, answer, gone))
    return NOT_DONE_YET


async def _answering(
    request: Request, answer: Callable[[Request], Awaitable[Said]], gone: list[object]
) -> None:
    try:
        said = await answer(request)
    except Wrong as wrong:
        said = inWords(wrong)
    except Exception:  # noqa: BLE001  whatever it is, the reader is told and the log has it
        ANSWER_FAILED.failed(_log, path=request.path)
        said = inWords(Wrong(HTTPStatus.INTERNAL_SERVER_ERROR, "see the log of the proxy"))
    if not gone:
        request.write(say(request, said))
        request.finish()
