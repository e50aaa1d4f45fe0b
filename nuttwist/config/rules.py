"""
What each setting may be: one table for pools built in Python and for pools read from a file.

A L{Rule} is a test and the words for what passes it. The words end up in front of an operator, so
they say what to write, not what went wrong.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection, Mapping

import attrs

from nuttwist.ring.distributions import DISTRIBUTIONS
from nuttwist.ring.hashes import HASHES

NUMBER_MAX = 2**31 - 1
"""The largest number of any setting: what an C{int} of C holds, as twemproxy keeps them."""

PORT_MAX = 65535
PATH_BYTES_MAX = 107
"""The longest path of a unix socket, in bytes: C{sun_path} of Linux less its closing NUL."""

MODE_MAX = 0o777

RETRIES_MAX = 10
SLOW_LOG_MAX = 65536

LINE_LENGTH_LEAST = 512
"""In bytes: room for a command with the longest key of memcached, which has 250."""

ON_UNSUPPORTED = ("error", "close")
ON_FAILURE = ("rehash", "fail", "backup")

SECRET_KEYS = frozenset({"redis_auth"})
"""The keys whose values are kept out of messages, since messages end up in logs."""


class SettingError(ValueError):
    """
    A setting that nuttwist cannot work with.

    @ivar pool: the pool's name, empty where it is not known (a server or an address on its own).
    @ivar key: the setting, spelled as in the file.
    @ivar value: what was given.
    @ivar allowed: what would have been taken.
    """

    def __init__(self, key: str, value: object, allowed: str, pool: str = "") -> None:
        super().__init__(allowed)
        self.key = key
        self.value = value
        self.allowed = allowed
        self.pool = pool

    def __str__(self) -> str:
        where = f"pool {self.pool!r}: " if self.pool else ""
        return f"{where}{self.key}: {describe(self.key, self.value)}, allowed: {self.allowed}"


def describe(key: str, value: object) -> str:
    """Say which value was seen, except for a secret."""
    return "saw a value that is not shown" if key in SECRET_KEYS else f"saw {value!r}"


@attrs.frozen
class Rule:
    """
    A test on one value.

    @ivar allowed: what passes, in words.
    @ivar holds: whether a value passes; any object may be given.
    """

    allowed: str
    holds: Callable[[object], bool]

    def check(self, key: str, value: object, pool: str = "") -> None:
        """@raise SettingError: if the value does not pass."""
        if not self.holds(value):
            raise SettingError(key, value, self.allowed, pool)


def number(least: int, most: int = NUMBER_MAX, unit: str = "") -> Rule:
    """Whole numbers in a range. C{True} is no number here, though Python counts it as one."""
    return Rule(
        f"a whole number from {least} to {most}{unit and ' '}{unit}",
        lambda value: type(value) is int and least <= value <= most,
    )


def optional(rule: Rule) -> Rule:
    """The same, or C{None}."""
    return Rule(rule.allowed, lambda value: value is None or rule.holds(value))


def oneOf(words: Collection[str]) -> Rule:
    """One word of a fixed set, in exactly this spelling."""
    return Rule(
        f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words
    )


def isText(value: object) -> bool:
    """
    Whether a value is text that can be a name, a host or a path: not empty, without NUL, and with
    bytes to it (lone surrogates, other than those that stand for bytes, have none).
    """
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def isSocketPath(value: object) -> bool:
    """Whether a value is an absolute path that fits in the address of a unix socket."""
    if not isText(value) or not isinstance(value, str):
        return False
    return value.startswith("/") and len(value.encode("utf-8", "surrogateescape")) <= PATH_BYTES_MAX


def numericHost(host: str) -> str | None:
    """
    The usual spelling of a numeric address, C{None} if the text is a name. Nothing is looked up.

    @param host: IPv4 or IPv6 without brackets, short forms (C{127.1}) included.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0])


_HOST_NAME = re.compile(
    r"(?!.*\.invalid\.?\Z)(?:[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z_]([a-z0-9_-]*[a-z0-9_])?\.?",
    re.IGNORECASE,
)


def isHost(value: object) -> bool:
    """
    Whether a value can be a host: a numeric address, or a name that may resolve.
    Names under C{.invalid} never do (RFC 6761), nor do number-like ones such as C{256.1.1.1}.
    """
    if not isText(value) or not isinstance(value, str):
        return False
    return numericHost(value) is not None or (
        len(value) < 254 and _HOST_NAME.fullmatch(value) is not None
    )


TRUTH = Rule("true or false", lambda value: isinstance(value, bool))
TEXT = Rule("text that is not empty and has no NUL", isText)
SOCKET_PATH = Rule(f"an absolute path of at most {PATH_BYTES_MAX} bytes", isSocketPath)
LISTEN_HOST = Rule("an IPv4 or IPv6 address of this machine or a name that resolves to one", isHost)
MODE = Rule(
    "an octal number from 0001 to 0777",
    lambda value: type(value) is int and 0 < value <= MODE_MAX,
)
HOST = Rule("the name of a host or an IPv4 or IPv6 address", isHost)
FILE = Rule("the path of a file", isText)
BACKUP = Rule("the name of another pool", isText)
WEIGHT = number(1)
PORT = number(1, PORT_MAX)
LISTEN_PORT = number(0, PORT_MAX)

POOL_RULES: Mapping[str, Rule] = {
    "name": TEXT,
    "hash": oneOf(HASHES),
    "hash_tag": optional(
        Rule(
            "exactly two bytes, such as '{}' in quotes",
            lambda value: isinstance(value, bytes) and len(value) == 2,
        ),
    ),
    "distribution": oneOf(DISTRIBUTIONS),
    "timeout": optional(number(0, unit="milliseconds, 0 for none")),
    "backlog": number(0),
    "client_connections": number(0),
    "tcpkeepalive": TRUTH,
    "preconnect": TRUTH,
    "redis": TRUTH,
    "redis_auth": optional(
        Rule(
            "a password that is not empty",
            lambda value: isinstance(value, bytes) and len(value) > 0,
        ),
    ),
    "redis_db": number(0),
    "server_connections": number(1),
    "auto_eject_hosts": TRUTH,
    "server_retry_timeout": number(0, unit="milliseconds"),
    "server_failure_limit": number(0),
    "item_size_max": optional(number(1, unit="bytes")),
    "on_unsupported": oneOf(ON_UNSUPPORTED),
    "partial_results": TRUTH,
    "flush_all": TRUTH,
    "on_failure": optional(oneOf(ON_FAILURE)),
    "backup": optional(BACKUP),
    "retries": number(0, RETRIES_MAX),
    "server_retry_timeout_max": number(0, unit="milliseconds"),
    "client_idle_timeout": optional(number(0, unit="milliseconds, 0 for no limit")),
    "client_bytes_max": number(1, unit="bytes"),
    "client_requests_max": number(1, unit="requests"),
    "server_bytes_max": number(1, unit="bytes"),
    "line_length_max": optional(number(LINE_LENGTH_LEAST, unit="bytes")),
    "drain_timeout": number(0, unit="milliseconds"),
    "tls": TRUTH,
    "tls_ca": optional(FILE),
    "tls_name": optional(HOST),
    "tls_certificate": optional(FILE),
    "tls_key": optional(FILE),
    "slow_log_threshold": optional(number(0, unit="milliseconds, 0 for none")),
    "slow_log_length": number(1, SLOW_LOG_MAX, "requests"),
    "hide_keys": TRUTH,
}
"""The rule of each setting of a pool, but for C{listen} and C{servers}: they have classes."""
