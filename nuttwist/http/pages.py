"""
The dashboard: the files in C{static}, and no others.
"""

from __future__ import annotations

from http import HTTPStatus
from importlib import resources

from twisted.web.server import Request

from nuttwist.http.answering import Answer, Branch, Said

INDEX = "index.html"

#: By the ending of a file's name; others are not served.
TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "ico": b"image/x-icon",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "txt": b"text/plain; charset=utf-8",
    "webmanifest": b"application/manifest+json",
    "woff2": b"font/woff2",
}


def staticFiles() -> dict[str, bytes]:
    """
    The files by name.
    """
    files = (resources.files("nuttwist.http") / "static").iterdir()
    return {each.name: each.read_bytes() for each in files if kindOf(each.name) is not None}


def kindOf(name: str) -> bytes | None:
    """
    The type of a file that may be served.
    """
    return TYPES.get(name.rpartition(".")[2])


class Pages(Branch):
    """
    Files by their names, the index in place of none, and other resources put there.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        Branch.__init__(self)
        for name, body in files.items():
            self.putChild(name.encode(), _page(name, body))
        if INDEX in files:
            self.putChild(b"", _page(INDEX, files[INDEX]))


def _page(name: str, body: bytes) -> Answer:
    async def answer(_: Request) -> Said:
        return HTTPStatus.OK, kindOf(name) or b"application/octet-stream", body

    return Answer(answer)
