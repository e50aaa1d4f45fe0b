"""
What a dialect may ask of the pool it serves: the way from keys to servers, and its settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from nuttwist.wire.pipeline import Pipeline


class Router(Protocol):
    """
    The way from a key to the pipeline of its server.

    @ivar routes: pipelines of keys routed before; all of these keys are well formed.
    @ivar crowded: how many pipelines hold their clients back at the moment.
    """

    routes: dict[bytes, Pipeline]

    @property
    def crowded(self) -> int: ...

    def lane(self, number: int) -> Router:
        """
        The router over another kind of server connections; see L{nuttwist.wire.dialect.Lane}.
        """

    def route(self, key: bytes) -> Pipeline:
        """
        The pipeline for a key, which must be well formed; one that answers every request with
        an error when no server is live.
        """

    def fleet(self) -> Sequence[tuple[str, Pipeline]]:
        """
        One pipeline to each server of the pool, dead or alive, with the server's name.
        """

    def seconds(self) -> float:
        """
        Now, by the reactor's clock.
        """

    def time(self) -> float:
        """
        Seconds since 1970.
        """

    def clients(self) -> int:
        """
        How many clients the pool has at the moment.
        """

    def nextClient(self) -> int:
        """
        A number that no other client of the pool has got.
        """

    def statistics(self, about: str) -> list[tuple[str, str]]:
        """
        The proxy's own counters as names and values.

        @param about: C{""} for the pool, C{"servers"} for each server.
        """


@attrs.frozen
class Settings:
    """
    The pool's settings that a dialect needs.

    @ivar item_size_max: bytes; a larger value is swallowed and refused.
    @ivar line_length_max: bytes of a client's line; L{None}: as many as the dialect has.
    @ivar request_bytes_max: of all arguments of a request together, where one may have several
        values.
    @ivar reply_bytes_max: of a reply; one that goes on behind it is read to its end, and thrown
        away.
    @ivar hangUp: close on unsupported or malformed input, as twemproxy does.
    @ivar password: C{redis_auth}, asked of clients and told to servers.
    @ivar database: C{redis_db}, selected on server connections.
    """

    item_size_max: int = 1024 * 1024
    line_length_max: int | None = None
    request_bytes_max: int = 5 * 1024 * 1024
    reply_bytes_max: int = 65 * 1024 * 1024
    hangUp: bool = False
    partial_results: bool = False
    flush_all: bool = False
    password: bytes | None = None
    database: int = 0
