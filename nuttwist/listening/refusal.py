"""
Why somebody cannot listen, in words.
"""

from __future__ import annotations

import os

from twisted.internet.error import CannotListenError


class NoListener(CannotListenError):
    """
    An address is not to be had.

    @ivar label: for whom.
    """

    def __init__(self, label: str, error: CannotListenError) -> None:
        super().__init__(error.interface, error.port, error.socketError)
        self.label = label

    def __str__(self) -> str:
        return cannotListen(self)


def cannotListen(error: CannotListenError) -> str:
    """
    Who, where, and why not; who is not known of every error.
    """
    who = f"{error.label}: " if isinstance(error, NoListener) else ""
    port = os.fsdecode(error.port) if isinstance(error.port, bytes) else error.port
    place = f"{error.interface}:{port}" if error.interface else f"{port}"
    return f"{who}cannot listen on {place}: {reasonOf(error)}"


def reasonOf(error: CannotListenError) -> str:
    """
    Only why not.
    """
    return str(getattr(error.socketError, "strerror", None) or error.socketError)
