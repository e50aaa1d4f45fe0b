"""
What makes a pool speak memcached, or something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from nuttwist.wire.framing import Grammar
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request
from nuttwist.wire.retry import Repeatable
from nuttwist.wire.router import Router, Settings
from nuttwist.wire.sights import Sight


class RequestGrammar(Grammar, Protocol):
    """
    A grammar for what clients send.

    @ivar feeding: a crowded pipeline that the last chunk fed, or L{None}.
    """

    feeding: Pipeline | None

    def follow(self, settings: Settings) -> None:
        """
        The pool has other settings by now.
        """


@attrs.frozen
class Lane:
    """
    A kind of server connections.

    @ivar replies: makes the grammar for a connection.
    @ivar greeting: the requests that are to succeed on it before any other is sent.
    """

    replies: Callable[[Pipeline], Grammar]
    greeting: Callable[[Settings], tuple[bytes, ...]] = lambda _: ()


@attrs.frozen
class Dialect:
    """
    A protocol, as the sockets need to know it.

    @ivar requests: makes the grammar for one client.
    @ivar lanes: the kinds of server connections; clients start on the first.
    @ivar errorLine: renders a trouble for a client.
    @ivar refusal: what a client over C{client_connections} is told.
    @ivar item_size_max: bytes of one value that a server accepts by default.
    @ivar probe: what a server is asked to know if it is well, and how each line begins that it
        then answers.
    @ivar describe: reads a request, and its reply, for a sample.
    @ivar repeatable: reads the bytes of a request that may be repeated; L{None} for others.
    """

    requests: Callable[[ReplyQueue, Router, Settings], RequestGrammar]
    lanes: tuple[Lane, ...]
    errorLine: Callable[[str], bytes]
    refusal: bytes
    item_size_max: int
    probe: Callable[[Settings], tuple[bytes, tuple[bytes, ...]]]
    describe: Callable[[Request], Sight]
    repeatable: Callable[[bytes], Repeatable | None]
