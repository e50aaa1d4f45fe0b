"""COMMAND: what can be asked through the proxy."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.commandtable import Route
from nuttwist.wire.redis.resp import bulkOf, elements, integerOf
from tests.unit.wire.redis.askers import asker, heard


def names(reply: bytes) -> list[bytes]:
    """The strings in an aggregate."""
    return [bulkOf(each) for each in elements(reply)]


def documents(reply: bytes) -> dict[bytes, bytes]:
    """The pairs of a map in either protocol, values encoded."""
    items = elements(reply)
    return dict(zip(map(bulkOf, items[::2]), items[1::2], strict=True))


@pytest.mark.parametrize("protocol", [2, 3])
def test_commandIsDescribedAsByAServer(protocol):
    """The ten parts have the server's types, and the same content where the table has it."""
    reply = asker(protocol).ask(b"COMMAND", b"INFO", b"GET", b"set")
    theirs = elements(heard("COMMAND", "INFO", "get", "set", protocol=protocol))
    for ours, their in zip(elements(reply), theirs, strict=True):
        mine, real = elements(ours), elements(their)
        assert [each[:1] for each in mine] == [each[:1] for each in real]
        assert [mine[at] for at in (0, 1, 3, 4, 5)] == [real[at] for at in (0, 1, 3, 4, 5)]
        assert set(elements(mine[2])) == set(elements(real[2]))
        assert set(elements(mine[6])) <= set(elements(real[6]))


def test_listCountAndInfoAgree():
    """All ways to ask for the commands tell of the same ones; LIST names subcommands as well."""
    client = asker(protocol=3)
    named = names(client.ask(b"COMMAND", b"LIST"))
    whole = [name for name in named if b"|" not in name]
    assert b"client|setname" in named
    assert integerOf(client.ask(b"COMMAND", b"COUNT")) == len(whole) == len(set(whole))
    every = client.ask(b"COMMAND")
    assert client.ask(b"COMMAND", b"INFO") == every
    assert [bulkOf(elements(each)[0]) for each in elements(every)] == whole
    assert list(documents(client.ask(b"COMMAND", b"DOCS"))) == whole


def test_refusedCommandsAreNone():
    """What the proxy refuses is not listed, and unknown when asked about."""
    client = asker(protocol=3)
    listed = names(client.ask(b"COMMAND", b"LIST"))
    assert not {b"monitor", b"multi", b"subscribe", b"xread|block"} & set(listed)
    assert client.ask(b"COMMAND", b"INFO", b"monitor") == b"*1\r\n_\r\n"
    assert client.ask(b"COMMAND", b"DOCS", b"monitor") == b"%0\r\n"


def test_containerHasTheSubcommandsThatCanBeHad():
    """A container is described with its subcommands, but for those that are refused."""
    described = elements(elements(asker().ask(b"COMMAND", b"INFO", b"client"))[0])
    parts = [bulkOf(elements(each)[0]) for each in elements(described[9])]
    assert b"client|setname" in parts
    assert b"client|kill" not in parts
    told = documents(documents(asker(3).ask(b"COMMAND", b"DOCS", b"client"))[b"client"])
    assert list(documents(told[b"subcommands"])) == parts


@pytest.mark.parametrize("protocol", [2, 3])
def test_documentationSaysWhereACommandGoes(protocol):
    """The documentation has fields that a server's has, and the route in words."""
    told = documents(documents(asker(protocol).ask(b"COMMAND", b"DOCS", b"APPEND"))[b"append"])
    heardOf = documents(documents(heard("COMMAND", "DOCS", "append", protocol=protocol))[b"append"])
    assert told.keys() <= heardOf.keys()
    assert bulkOf(told[b"summary"]) == Route.KEYED.value.encode()


def test_commandsAreFilteredByCategory():
    """A category that follows from a flag has the commands with the flag."""
    found = names(asker().ask(b"COMMAND", b"LIST", b"FILTERBY", b"ACLCAT", b"WRITE"))
    assert b"set" in found
    assert b"get" not in found
