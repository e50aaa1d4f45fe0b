"""
Where the HTTP side listens, and who may change something.
"""

from __future__ import annotations

from pathlib import Path

import attrs

#: Characters that a token has at least: with fewer it could be found by trying.
TOKEN_MIN = 16


class WrongHttp(ValueError):
    """
    A setting is not allowed; the argument names it and says what is.
    """


def onLoopback(endpoint: str) -> str:
    """
    An endpoint that names no interface, made to listen on 127.0.0.1.
    """
    kind, *parts = endpoint.split(":")
    named = any(part.startswith("interface=") for part in parts)
    if kind in ("tcp", "ssl") and not named:
        return f"{endpoint}:interface=127.0.0.1"
    return endpoint


def readToken(path: str) -> str:
    """
    The token of a file: its first line.

    @raise WrongHttp: it cannot be read, or what is there is no token.
    """
    try:
        lines = Path(path).read_text("ascii").splitlines()
    except (OSError, UnicodeError) as wrong:
        raise WrongHttp(f"the token file {path!r} cannot be read: {wrong}") from wrong
    token = lines[0].strip() if lines else ""
    if len(token) < TOKEN_MIN or any(each.isspace() for each in token):
        raise WrongHttp(
            f"the first line of the token file {path!r} is to be {TOKEN_MIN} characters or more,"
            " without blanks"
        )
    return token


@attrs.frozen
class HttpSettings:
    """
    How the HTTP side is reached.

    @ivar endpoint: a server endpoint in Twisted's spelling; without an interface it is on
        loopback.
    @ivar token: what a request must show that changes something; L{None}: nothing can be changed.
    @ivar hosts: names, besides addresses and C{localhost}, under which it is reached.
    """

    endpoint: str = attrs.field(converter=onLoopback)
    token: str | None = attrs.field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
