"""Texts of configuration files, and what becomes of them."""

from __future__ import annotations

from nuttwist.config.file import ConfigError, Mistake, parseConfig

SERVER = "127.0.0.1:31001:1"


def poolText(*keys, name="p", listen="127.0.0.1:31990", servers=(SERVER,)):
    """A pool in which listen is on line 2, keys start on line 3, and servers come last."""
    lines = [f"{name}:", f"  listen: {listen}", *(f"  {key}" for key in keys), "  servers:"]
    return "\n".join([*lines, *(f"   - {server}" for server in servers), ""])


def read(text):
    """The only pool of a text."""
    (pool,) = parseConfig(text.encode(), "conf.yml")
    return pool


def mistakesIn(text) -> tuple[Mistake, ...]:
    """The mistakes of a text, none if it is taken."""
    try:
        parseConfig(text if isinstance(text, bytes) else text.encode(), "conf.yml")
    except ConfigError as error:
        return error.mistakes
    return ()


def messageAbout(text) -> str:
    """The only mistake of a text, as the operator sees it."""
    (mistake,) = mistakesIn(text)
    return str(mistake)
