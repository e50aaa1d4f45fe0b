"""
The text of a C{listen} value and of a line of C{servers}.

Both are read from the end, as twemproxy does: what follows the last blank is a server's name or a
socket's permissions, what follows the last colons is weight and port, and the rest is the host. So
the host may hold colons (C{::1:11211:1}), a unix path may hold blanks, and a weight followed by two
blanks is not a weight.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from nuttwist.config import rules
from nuttwist.config.endpoint import isEndpoint
from nuttwist.config.places import KETAMA_PORT, Listen, ServerConfig
from nuttwist.config.rules import SettingError

SERVER_FORM = "'host:port:weight [name]' or '/path:weight [name]'"
LISTEN_FORM = "'host:port' or '/path [permissions]'"
WILDCARDS = {"*": "0.0.0.0"}  # noqa: S104  is what the operator asks for
"""What may be written in place of a numeric address to listen on."""

_Place = TypeVar("_Place", Listen, ServerConfig)

_DIGITS = re.compile("0*([0-9]{1,10})")
_OCTAL = re.compile("0*[0-7]{1,4}")


def readNumber(text: str) -> int:
    """
    Read decimal digits; leading zeros do not matter.

    @raise ValueError: if there is anything else, or more than ten digits that count.
    """
    digits = _DIGITS.fullmatch(text)
    if digits is None:
        raise ValueError(text)
    return int(digits[1])


def readServer(text: str) -> ServerConfig:
    """
    Read one line of C{servers}.

    @raise SettingError: about C{servers}, with the whole line, its form and the part that is wrong.
    """
    return _read(_server, text, "servers", SERVER_FORM)


def readListen(text: str) -> Listen:
    """
    Read the value of C{listen}; what begins as an endpoint is one. A host in numbers comes out in
    its usual spelling, so that addresses can be compared.

    @raise SettingError: about C{listen}, with the whole value, its form and the part that is wrong.
    """
    return _read(_listen, text, "listen", LISTEN_FORM)


def _read(reader: Callable[[str], _Place], text: str, key: str, form: str) -> _Place:
    try:
        return reader(text)
    except SettingError as error:
        # What is said of an endpoint has the form in it.
        isWhole = error.key == "endpoint"
        allowed = error.allowed if isWhole else f"{form}, {error.key}: {error.allowed}"
        raise SettingError(key, text, allowed) from error


def _server(text: str) -> ServerConfig:
    place, name = text, ""
    if " " in text:
        place, _, name = text.rpartition(" ")
        rules.TEXT.check("name", name)
    address, _, weightText = place.rpartition(":")
    weight = _numberBy(rules.WEIGHT, "weight", weightText)
    if address.startswith("/"):
        return _serverOnPath(address, weight, name)
    return _serverOnPort(address, weight, name)


def _serverOnPath(path: str, weight: int, name: str) -> ServerConfig:
    if ":" in path:
        raise SettingError("path", path, "no colon in it")
    return ServerConfig(path=path, weight=weight, name=name or f"{path}:")


def _serverOnPort(address: str, weight: int, name: str) -> ServerConfig:
    host, _, portText = address.rpartition(":")
    port = _numberBy(rules.PORT, "port", portText)
    rules.TEXT.check("host", host)
    # The name keeps what was written: the zeros of a port, the brackets of a host.
    written = host if port == KETAMA_PORT else address
    return ServerConfig(host=_unbracketed(host), port=port, weight=weight, name=name or written)


def _listen(text: str) -> Listen:
    if isEndpoint(text):
        return Listen(endpoint=text)
    if text.startswith("/"):
        path, blank, mode = text.rpartition(" ")
        return Listen(path=path.rstrip(" "), mode=_mode(mode)) if blank else Listen(path=text)
    written, _, portText = text.rpartition(":")
    port = _numberBy(rules.PORT, "port", portText)
    host = WILDCARDS.get(written, _unbracketed(written))
    rules.LISTEN_HOST.check("host", host)
    return Listen(host=rules.numericHost(host) or host, port=port)


def _unbracketed(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host


def _numberBy(rule: rules.Rule, part: str, text: str) -> int:
    try:
        number = readNumber(text)
    except ValueError:
        raise SettingError(part, text, rule.allowed) from None
    rule.check(part, number)
    return number


def _mode(text: str) -> int | None:
    if not text:
        return None
    if not _OCTAL.fullmatch(text):
        raise SettingError("permissions", text, rules.MODE.allowed)
    # twemproxy takes 0 for no permissions given.
    mode = int(text, 8) or None
    rules.optional(rules.MODE).check("permissions", mode)
    return mode
