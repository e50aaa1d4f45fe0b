"""
The keys of a pool, and how the text of each becomes its value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nuttwist.config.address import LISTEN_FORM, readListen, readNumber
from nuttwist.config.rules import POOL_RULES

ON_FAILURE_WORDS = ("rehash", "fail")
ON_FAILURE_FORM = (
    f"one of {', '.join(ON_FAILURE_WORDS)}, or on a line of its own, further in, 'backup: POOL'"
)


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _onFailure(text: str) -> str:
    if text not in ON_FAILURE_WORDS:
        raise ValueError(text)
    return text


READERS: Mapping[str, Callable[[str], object]] = {
    "listen": readListen,
    "hash": str,
    "hash_tag": str.encode,
    "distribution": str,
    "timeout": readNumber,
    "backlog": readNumber,
    "client_connections": readNumber,
    "tcpkeepalive": _truth,
    "preconnect": _truth,
    "redis": _truth,
    "redis_auth": str.encode,
    "redis_db": readNumber,
    "server_connections": readNumber,
    "auto_eject_hosts": _truth,
    "server_retry_timeout": readNumber,
    "server_failure_limit": readNumber,
    "item_size_max": readNumber,
    "on_unsupported": str,
    "partial_results": _truth,
    "flush_all": _truth,
    "on_failure": _onFailure,
    "backup": str,
    "retries": readNumber,
    "server_retry_timeout_max": readNumber,
    "client_idle_timeout": readNumber,
    "client_bytes_max": readNumber,
    "client_requests_max": readNumber,
    "server_bytes_max": readNumber,
    "line_length_max": readNumber,
    "drain_timeout": readNumber,
    "tls": _truth,
    "tls_ca": str,
    "tls_name": str,
    "tls_certificate": str,
    "tls_key": str,
    "slow_log_threshold": readNumber,
    "slow_log_length": readNumber,
    "hide_keys": _truth,
}
"""How the text of each key becomes its value; L{POOL_RULES} then says whether it is allowed."""

FORMS: Mapping[str, str] = {"listen": LISTEN_FORM, "on_failure": ON_FAILURE_FORM}
"""What may be written for a key that takes more than its rule says."""

NESTED = frozenset({"backup"})
"""The keys that are written below another."""

KEYS = ("listen", "servers", *(key for key in READERS if key not in {"listen", *NESTED}))
"""Every key of a pool."""


def allowedFor(key: str) -> str:
    """Say what may be written for a key with one value."""
    return FORMS.get(key) or POOL_RULES[key].allowed
