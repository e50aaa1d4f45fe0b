"""
What a line is read for: the client as the shapes of lines know it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.router import Router, Settings


class Client(Protocol):
    """
    The client a line came from; see L{nuttwist.wire.memcache.requests.MemcacheRequests}.
    """

    replies: ReplyQueue
    router: Router
    settings: Settings

    def submit(self, pipeline: Pipeline, data: bytes, expect: int) -> None: ...

    def fed(self, pipelines: Iterable[Pipeline]) -> None: ...

    def announce(self, line: bytes, key: bytes, size: int, expect: int) -> int: ...

    def skip(self, error: bytes, size: int | None, silent: bool = False) -> int: ...

    def refuse(self, error: bytes, silent: bool = False) -> int: ...
