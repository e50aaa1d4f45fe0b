"""
The resources under C{/api/v1}.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import unquote

from twisted.web.resource import Resource
from twisted.web.server import Request

from nuttwist import VERSION
from nuttwist.form import form
from nuttwist.http import figures
from nuttwist.http.answering import Answer, Branch, Deed, Said, Wrong, inJson, nowhere
from nuttwist.http.arguments import checkToken, number, text
from nuttwist.http.history import History
from nuttwist.http.journal import LENGTH, Journal
from nuttwist.http.source import PoolLook, Source, Unsteerable
from nuttwist.observed import RANKINGS
from nuttwist.wire.samples import CAPACITY

#: Lines of the slow log that are told at most.
SLOW_MAX = 100_000

#: What can be done to a server, and how it stands then.
DEEDS = {"eject": "out", "drain": "out", "readmit": "live"}


def _name(path: bytes) -> str:
    return unquote(path.decode("latin-1"), errors="surrogateescape")


async def lookAt(source: Source, name: str) -> PoolLook:
    """
    A pool with all that was seen of it.

    @raise Wrong: there is none of that name.
    """
    look = (await source.look(deep=True)).pool(name)
    if look is None:
        raise Wrong(HTTPStatus.NOT_FOUND, f"there is no pool {name!r}")
    return look


class PoolResource(Resource):
    """
    One pool, and what there is to ask about it.
    """

    def __init__(self, name: str, source: Source, token: str | None) -> None:
        Resource.__init__(self)
        self._pool = name
        self._source = source
        self._token = token
        self._about: dict[bytes, Callable[[PoolLook, Request], figures.Json]] = {
            b"": lambda look, _: figures.inFull(look),
            b"ring": lambda look, _: figures.ring(look),
            b"locate": _located,
            b"keys": _keys,
            b"slow": lambda look, request: figures.slow(
                look, number(request, "limit", SLOW_MAX, SLOW_MAX)
            ),
        }

    def getChild(self, path: bytes, request: Request) -> Resource:
        rest = request.postpath or []
        if path == b"servers" and len(rest) == 2:
            request.postpath = []
            return self._deed(_name(rest[0]), _name(rest[1]))
        about = self._about.get(path)
        if about is None or not path:
            return nowhere()
        return self._answer(about)

    def render(self, request: Request) -> int | bytes:
        said: int | bytes = self._answer(self._about[b""]).render(request)
        return said

    def _answer(self, about: Callable[[PoolLook, Request], figures.Json]) -> Answer:
        async def answer(request: Request) -> Said:
            return inJson(about(await lookAt(self._source, self._pool), request))

        return Answer(answer)

    def _deed(self, server: str, deed: str) -> Resource:
        if deed not in DEEDS:
            return nowhere(f"a server can be asked to {', '.join(DEEDS)}, not to {deed!r}")

        async def answer(request: Request) -> Said:
            checkToken(request, self._token)
            try:
                self._source.steer(self._pool, server, deed)
            except Unsteerable as wrong:
                raise Wrong(HTTPStatus.NOT_FOUND, str(wrong)) from wrong
            return inJson({"pool": self._pool, "server": server, "state": DEEDS[deed]})

        return Deed(answer)


def _located(look: PoolLook, request: Request) -> figures.Json:
    key = text(request, "key")
    if not key:
        raise Wrong(HTTPStatus.BAD_REQUEST, "say which key: ?key=KEY")
    return figures.located(look, key)


def _keys(look: PoolLook, request: Request) -> figures.Json:
    by = text(request, "by", RANKINGS[0]) or ""
    if by not in RANKINGS:
        raise Wrong(HTTPStatus.BAD_REQUEST, f"by={by!r} is none of {', '.join(RANKINGS)}")
    return figures.keys(look, by, number(request, "limit", 20, CAPACITY))


class PoolsResource(Answer):
    """
    All pools, and each below it.
    """

    def __init__(self, source: Source, token: str | None) -> None:
        Answer.__init__(self, self._all)
        self._source = source
        self._token = token

    def getChild(self, path: bytes, request: Request) -> Resource:
        return PoolResource(_name(path), self._source, self._token)

    async def _all(self, _: Request) -> Said:
        look = await self._source.look(deep=True)
        return inJson({"time": look.time, "pools": [figures.pool(each) for each in look.pools]})


class Api:
    """
    What is asked about the proxy as a whole.
    """

    def __init__(
        self, source: Source, journal: Journal, history: History, token: str | None
    ) -> None:
        self._source = source
        self._journal = journal
        self._history = history
        self._token = token

    def resource(self) -> Resource:
        """
        All of it, with the pools.
        """
        root = Branch()
        root.putChild(b"pools", PoolsResource(self._source, self._token))
        children: dict[bytes, Callable[[Request], Awaitable[Said]]] = {
            b"about": self._about,
            b"events": self._events,
            b"series": self._series,
        }
        for name, answer in children.items():
            root.putChild(name, Answer(answer))
        return root

    async def _about(self, _: Request) -> Said:
        look = await self._source.look(deep=False)
        return inJson(
            {
                "service": "nuttwist",
                "version": VERSION,
                "form": form(),
                "source": socket.gethostname(),
                "time": look.time,
                "started": self._source.started,
                "uptime": time.time() - self._source.started,
                "pid": os.getpid(),
                "workers": list(look.workers),
                "steerable": self._token is not None,
                "pools": [each.config.name for each in look.pools],
            }
        )

    async def _events(self, request: Request) -> Said:
        after = number(request, "after", 0, 10**15)
        return inJson(self._journal.since(after, number(request, "limit", 100, LENGTH)))

    async def _series(self, request: Request) -> Said:
        names = [each.config.name for each in (await self._source.look(deep=False)).pools]
        wanted = text(request, "pool")
        if wanted is not None and wanted not in names:
            raise Wrong(HTTPStatus.NOT_FOUND, f"there is no pool {wanted!r}")
        chosen = names if wanted is None else [wanted]
        return inJson(self._history.series(chosen, number(request, "after", 0, 10**15)))
