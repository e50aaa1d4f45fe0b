"""Pools as the file that says the same."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import yaml

from nuttwist.config import Listen, PoolConfig, ServerConfig

#: Written in other ways than as a key with its value; the value of C{backup} is on_failure's.
APART = ("name", "listen", "servers", "on_failure", "backup")


def quoted(text: str) -> str:
    """Text in double quotes, whatever is in it."""
    return yaml.safe_dump(text, default_style='"', width=float("inf")).rstrip("\n")


def hostText(host: str) -> str:
    """A host, in brackets if it could be taken for a host with a port."""
    return f"[{host}]" if ":" in host else host


def serverText(server: ServerConfig) -> str:
    """A line of C{servers}."""
    place = server.path or f"{hostText(server.host)}:{server.port}"
    return f"{place}:{server.weight} {server.name}"


def listenText(listen: Listen) -> str:
    """A value of C{listen}."""
    if listen.endpoint:
        return listen.endpoint
    if listen.path:
        # The blank keeps one within the path from being taken for the end of it.
        return f"{listen.path} {'' if listen.mode is None else f'{listen.mode:o}'}"
    return f"{hostText(listen.host)}:{listen.port}"


def valueText(value: object) -> str:
    """A setting; what may be None is written as 0 then."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.decode() if isinstance(value, bytes) else str(value or 0)
    return quoted(text)


def settingLines(pool: PoolConfig) -> Iterable[str]:
    """The settings that are not as they would be without a word."""
    for field in attrs.fields(PoolConfig):
        value = getattr(pool, field.name)
        if field.name not in APART and value != field.default:
            yield f"  {field.name}: {valueText(value)}"
    if pool.backup is not None:
        yield f"  on_failure:\n    backup: {quoted(pool.backup)}"
    elif pool.on_failure is not None:
        yield f"  on_failure: {quoted(pool.on_failure)}"


def configText(pools: Iterable[PoolConfig]) -> str:
    """The whole file."""
    return "".join(
        "\n".join(
            [
                f"{quoted(pool.name)}:",
                f"  listen: {quoted(listenText(pool.listen))}",
                *settingLines(pool),
                "  servers:",
                *(f"  - {quoted(serverText(each))}" for each in pool.servers),
                "",
            ]
        )
        for pool in pools
    )
