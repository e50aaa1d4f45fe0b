"""
What a request asks with.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus

from twisted.web.server import Request

from nuttwist.http.answering import Wrong

TOKENLESS = (
    "nothing can be changed: start the proxy with --http-token-file=PATH, and send its first line"
    " as 'Authorization: Bearer TOKEN'"
)


def text(request: Request, name: str, default: str | None = None) -> str | None:
    """
    An argument of the query; bytes that are no UTF-8 as surrogates.
    """
    values = (request.args or {}).get(name.encode())
    return default if not values else values[-1].decode("utf-8", "surrogateescape")


def number(request: Request, name: str, default: int, most: int) -> int:
    """
    A whole number of the query.

    @raise Wrong: it is none, or above C{most}.
    """
    given = text(request, name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 16 and int(given) <= most):
        raise Wrong(
            HTTPStatus.BAD_REQUEST, f"{name}={given!r} is not a whole number from 0 to {most}"
        )
    return int(given)


def part(request: Request, name: str) -> float:
    """
    A number above 0 and up to 1 of the query; 1 by default.

    @raise Wrong: it is none.
    """
    given = text(request, name, "1") or ""
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise Wrong(HTTPStatus.BAD_REQUEST, f"{name}={given!r} is not a number above 0 and up to 1")
    return value


def checkToken(request: Request, token: str | None) -> None:
    """
    Whoever changes something must know the token.

    @raise Wrong: there is none, or it is not the one that was sent.
    """
    if token is None:
        raise Wrong(HTTPStatus.FORBIDDEN, TOKENLESS)
    sent = request.getHeader(b"authorization") or b""
    if not hmac.compare_digest(sent, b"Bearer " + token.encode("ascii")):
        request.setHeader(b"WWW-Authenticate", b'Bearer realm="nuttwist"')
        raise Wrong(HTTPStatus.UNAUTHORIZED, "this needs the header 'Authorization: Bearer TOKEN'")
