"""
Settings of one pool that do not go together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

from nuttwist.config.places import ServerConfig

WITH_TLS = "only with tls: true"


@attrs.frozen
class Conflict:
    """
    A setting that may be wrong only because of others.

    @ivar key: the setting that is to change.
    @ivar others: the settings it depends on.
    @ivar allowed: what would be taken, in words.
    @ivar isWrong: whether there is a conflict, by the values of C{key} and then of C{others}.
    """

    key: str
    others: tuple[str, ...]
    allowed: str
    isWrong: Callable[..., bool]


def _isLone(mine: str | None, others: str | None) -> bool:
    return mine is not None and others is None


def _hasPaths(tls: bool, servers: Sequence[ServerConfig]) -> bool:
    return tls and any(server.path for server in servers)


CONFLICTS = (
    Conflict(
        "redis_auth",
        ("redis",),
        "only in a pool with redis: true",
        lambda password, redis: password is not None and not redis,
    ),
    Conflict(
        "on_failure",
        ("auto_eject_hosts",),
        "rehash only with auto_eject_hosts: true",
        lambda policy, ejects: policy == "rehash" and not ejects,
    ),
    Conflict(
        "on_failure",
        ("backup",),
        "backup only with the name of a pool",
        lambda policy, backup: policy == "backup" and backup is None,
    ),
    Conflict(
        "backup",
        ("on_failure",),
        "only with on_failure: backup",
        lambda backup, policy: backup is not None and policy != "backup",
    ),
    Conflict(
        "server_retry_timeout_max",
        ("server_retry_timeout",),
        "no less than server_retry_timeout",
        lambda most, least: most < least,
    ),
    *(
        Conflict(key, ("tls",), WITH_TLS, lambda value, tls: value is not None and not tls)
        for key in ("tls_ca", "tls_name", "tls_certificate", "tls_key")
    ),
    Conflict("tls_certificate", ("tls_key",), "only together with tls_key", _isLone),
    Conflict("tls_key", ("tls_certificate",), "only together with tls_certificate", _isLone),
    Conflict("tls", ("servers",), "true only with servers on host and port", _hasPaths),
)


def conflicts(settings: Mapping[str, Any], written: Collection[str]) -> Iterator[tuple[str, str]]:
    """
    Find the settings that do not go with others.

    @param settings: all that are known; a conflict with one that is not is none.
    @param written: those that somebody chose: a default gives way.
    @return: the key of each, and what is allowed.
    """
    for each in CONFLICTS:
        keys = (each.key, *each.others)
        isKnown = each.key in written and all(key in settings for key in keys)
        if isKnown and each.isWrong(*(settings[key] for key in keys)):
            yield each.key, each.allowed
