"""
What is said first on a server connection: the server must agree before any request is sent.
"""

from __future__ import annotations

from typing import Protocol

from nuttwist.net.lines import StreamTransport
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import GREETING, Request


class Greeter(Protocol):
    """
    The backend that is to be let in.
    """

    pipeline: Pipeline

    def greeted(self) -> None:
        """
        The server agrees.
        """

    def refused(self, text: str) -> None:
        """
        It does not, and says why.
        """


class Greeting:
    """
    Owns the requests of one greeting.
    """

    gone = False
    touched = False

    def __init__(self, backend: Greeter, words: tuple[bytes, ...], now: float) -> None:
        self._backend = backend
        self.requests = [Request(self, each, now, GREETING) for each in words]

    def settle(self) -> None:
        """
        Some replies have come.
        """
        self.touched = False
        replies = [each.reply for each in self.requests]
        refusal = next((each for each in replies if each and each.startswith(b"-")), None)
        if refusal is not None:
            self._backend.refused(refusal[1:].decode("utf-8", "replace").strip())
        elif None not in replies:
            self._backend.greeted()

    def failed(self, request: Request, line: bytes) -> None:
        """
        The connection is gone, which its backend knows.
        """


def greet(
    backend: Greeter, transport: StreamTransport, words: tuple[bytes, ...], now: float
) -> None:
    """
    Say the greeting; the backend hears how it was taken.

    @param words: the requests it is made of.
    """
    greeting = Greeting(backend, words, now)
    backend.pipeline.outQueue.extend(greeting.requests)
    transport.write(b"".join(words))
