"""A client as the commands answered by the proxy see one, and what a real server answered it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import attrs

from nuttwist.wire.redis.local import answer
from nuttwist.wire.redis.session import Session

RECORDED = json.loads(
    (Path(__file__).parents[3] / "data" / "redis" / "local.json").read_text("ascii")
)


@attrs.define
class Asker:
    """One client of a pool, at a fixed moment."""

    session: Session
    password: bytes | None = None
    told: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()

    def about(self) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        """Tell what the test wants told."""
        return self.told

    def time(self) -> float:
        """Some moment."""
        return 1_700_000_000.25

    def clients(self) -> int:
        """Some number."""
        return 3

    def ask(self, *args: bytes) -> bytes:
        """Say a command and hear the answer."""
        return answer(self, args)


def asker(protocol: int = 2, password: bytes | None = None, client: int = 7) -> Asker:
    """A client that has connected ten seconds ago."""
    return Asker(Session(client, 1_699_999_990.0, protocol=protocol), password)


def said(words: Sequence[str]) -> list[bytes]:
    """Recorded words as the bytes that were sent."""
    return [word.encode("latin-1") for word in words]


def heard(*words: str, protocol: int = 2) -> bytes:
    """What the real server answered where answers are alike in shape only."""
    found = [reply for each, reply in RECORDED["alike"] if each == list(words)]
    return found[0 if protocol == 2 else -1].encode("latin-1")
