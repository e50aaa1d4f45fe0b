"""
Configuration files.

An input is a file; one of a single line is also a line of C{servers} and a value of C{listen}.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from nuttwist.config import Listen, PoolConfig, ServerConfig, SettingError
from nuttwist.config.address import readListen, readServer
from nuttwist.config.file import ConfigError, parseConfig
from tests.fuzz.yamlwriting import configText, listenText, serverText

#: What ends a line of YAML.
LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def lines(data: bytes) -> list[str]:
    """The lines of a file, whatever its bytes."""
    isWide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if isWide else "utf-8-sig", "replace")
    return LINE_END.split(text.lstrip("\ufeff"))


def assertPlaced(error: ConfigError, data: bytes) -> None:
    """Every mistake has words and a place in the file or just behind its end, in file order."""
    read = lines(data)
    assert error.mistakes
    places = [(each.line, each.column) for each in error.mistakes]
    assert places == sorted(places)
    for each in error.mistakes:
        assert each.problem
        assert 1 <= each.line <= len(read) + 1, str(each)
        line = read[each.line - 1] if each.line <= len(read) else ""
        assert 1 <= each.column <= len(line) + 1, str(each)


def assertSameAgain(pools: tuple[PoolConfig, ...]) -> None:
    """What was taken is taken again when it is written down, and comes to the same."""
    assert pools
    again = parseConfig(configText(pools).encode(), "again.yml")
    assert again == pools
    assert [each.redis_auth for each in again] == [each.redis_auth for each in pools]


def assertLine(
    text: str,
    reader: Callable[[str], ServerConfig | Listen],
    writer: Callable[[ServerConfig | Listen], str],
) -> None:
    """A line is refused, or comes to the same when it is written down."""
    try:
        place = reader(text)
    except SettingError as refused:
        error = refused
    else:
        assert reader(writer(place)) == place
        return
    assert error.allowed
    assert error.value == text


def oneInput(data: bytes) -> None:
    """
    Read this as a file, and see that all holds.

    @raise AssertionError: it does not.
    """
    try:
        pools = parseConfig(data, "conf.yml")
    except ConfigError as error:
        assertPlaced(error, data)
    else:
        assertSameAgain(pools)
    if b"\n" not in data:
        text = data.decode("utf-8", "replace")
        assertLine(text, readServer, serverText)
        assertLine(text, readListen, listenText)
