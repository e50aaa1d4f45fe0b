"""
The configuration of nuttwist as values: pools, the address each listens on, and its servers.

They are what the rest of nuttwist works from, whether they come from a file, by
L{nuttwist.config.file}, or from a program. Each checks itself: a value that exists is one that
nuttwist can run, and the exception about any other names the pool, the key, the value and what is
allowed.

Names are text whose bytes are its UTF-8 with C{surrogateescape}, so any bytes can be a name.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from nuttwist.config import rules
from nuttwist.config.conflicts import conflicts
from nuttwist.config.places import Listen, ServerConfig, internalOrder, repeated
from nuttwist.config.rules import SettingError

__all__ = ["Listen", "PoolConfig", "ServerConfig", "SettingError", "internalOrder", "repeated"]


def _zeroIsNone(number: int | None) -> int | None:
    return None if type(number) is int and number == 0 else number


def _orNone(default: int | None) -> int | None:
    field: int | None = attrs.field(default=default, converter=_zeroIsNone)
    return field


def _inOrder(servers: Iterable[ServerConfig]) -> tuple[ServerConfig, ...]:
    found = tuple(servers)
    areServers = all(isinstance(server, ServerConfig) for server in found)
    return tuple(sorted(found, key=internalOrder)) if areServers else found


@attrs.frozen(kw_only=True)
class PoolConfig:
    """
    One pool: a listener and the servers behind it. The fields are spelled as the keys of the file;
    C{docs/configuration.md} has what each means.

    @ivar name: text whose bytes are its UTF-8 with C{surrogateescape}.
    @ivar servers: always in internal order, see L{internalOrder}, whatever order they are given in.
    @ivar timeout: milliseconds, C{None} for no deadline (0 becomes C{None}).
    @ivar client_connections: 0 for no limit.
    @ivar server_retry_timeout: milliseconds.
    @ivar server_retry_timeout_max: milliseconds; at its default it may be below
        C{server_retry_timeout}, which then counts.
    @ivar item_size_max: bytes; C{None} for what the servers themselves accept by default.
    @ivar on_failure: C{"rehash"}, C{"fail"}, C{"backup"}; C{None} for C{"rehash"} with
        C{auto_eject_hosts}, and for no ejection without.
    @ivar backup: the name of the pool that takes over, with C{on_failure="backup"} only.
    @ivar client_idle_timeout: milliseconds, C{None} for no limit (0 becomes C{None}).
    @ivar line_length_max: bytes, C{None} for the limit of the protocol.
    @ivar drain_timeout: milliseconds.
    @ivar tls_ca: the path of a file, as C{tls_certificate} and C{tls_key}.
    @ivar slow_log_threshold: milliseconds, C{None} for no slow log (0 becomes C{None}).

    @raise SettingError: from the constructor, if a value is not allowed.
    """

    name: str
    listen: Listen
    servers: tuple[ServerConfig, ...] = attrs.field(converter=_inOrder)
    hash: str = "fnv1a_64"
    hash_tag: bytes | None = None
    distribution: str = "ketama"
    timeout: int | None = _orNone(None)
    backlog: int = 512
    client_connections: int = 0
    tcpkeepalive: bool = False
    preconnect: bool = False
    redis: bool = False
    redis_auth: bytes | None = attrs.field(default=None, repr=False)
    redis_db: int = 0
    server_connections: int = 1
    auto_eject_hosts: bool = False
    server_retry_timeout: int = 30000
    server_failure_limit: int = 2
    item_size_max: int | None = None
    on_unsupported: str = "error"
    partial_results: bool = False
    flush_all: bool = False
    on_failure: str | None = None
    backup: str | None = None
    retries: int = 0
    server_retry_timeout_max: int = 300_000
    client_idle_timeout: int | None = _orNone(None)
    client_bytes_max: int = 4 * 1024 * 1024
    client_requests_max: int = 4096
    server_bytes_max: int = 1024 * 1024
    line_length_max: int | None = None
    drain_timeout: int = 5000
    tls: bool = False
    tls_ca: str | None = None
    tls_name: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    slow_log_threshold: int | None = _orNone(100)
    slow_log_length: int = 128
    hide_keys: bool = False

    def __attrs_post_init__(self) -> None:
        for key, rule in rules.POOL_RULES.items():
            rule.check(key, getattr(self, key), self.name)
        if not isinstance(self.listen, Listen):
            raise SettingError("listen", self.listen, "a Listen", self.name)
        self._checkServers()
        fields = attrs.fields(type(self))
        settings = {each.name: getattr(self, each.name) for each in fields}
        written = [each.name for each in fields if settings[each.name] != each.default]
        for key, allowed in conflicts(settings, written):
            raise SettingError(key, settings[key], allowed, self.name)

    def _checkServers(self) -> None:
        if not self.servers or not all(isinstance(each, ServerConfig) for each in self.servers):
            raise SettingError("servers", self.servers, "one ServerConfig or more", self.name)
        for again, _ in repeated(server.name for server in self.servers):
            name = self.servers[again].name
            raise SettingError("servers", name, "each server name once", self.name)

    @property
    def nameBytes(self) -> bytes:
        """The name as bytes."""
        return self.name.encode("utf-8", "surrogateescape")
