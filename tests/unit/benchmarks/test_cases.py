"""The table of cases, and what is derived from one without running it."""

from __future__ import annotations

import struct

import pytest

from benchmarks.cases import CASES, Case, chosen
from benchmarks.machine import model
from benchmarks.proxies import configuration
from benchmarks.segments import connection, messages
from nuttwist.config.file import parseConfig


def test_namesAreUnique():
    """A name selects one case."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_allAreChosenByNoWord():
    """The command without C{--only} measures everything."""
    assert chosen([]) == CASES


def test_aBeginningChoosesAllThatBeginSo():
    """Up to a dash, so that 10 clients are not chosen by 1 client."""
    assert {case.kind for case in chosen(["redis"])} == {"redis"}
    assert [case.name for case in chosen(["mc-c1"])] == ["mc-c1", "mc-c1-s400"]


def test_anUnknownWordIsRefused():
    """A typing mistake does not measure nothing."""
    with pytest.raises(LookupError, match="no case is named 'mc-d2'; there are mc-d1"):
        chosen(["mc-d2"])


def test_theConfigurationListsEveryServer():
    """Servers are told apart by names, so the routing is the same whatever the ports are."""
    text = configuration(Case("a", "a", kind="redis"), 22121, [7001, 7002])
    (pool,) = parseConfig(text.encode(), "bench.yml")
    assert (pool.listen.port, pool.redis) == (22121, True)
    assert [(server.port, server.name) for server in pool.servers] == [
        (7001, "server-0"),
        (7002, "server-1"),
    ]


def test_theProcessorIsNamed():
    """The first of the cores' names stands for all."""
    assert model("processor : 0\nmodel name\t: Fast 9000\nmodel name\t: Fast 9000\n") == "Fast 9000"
    assert model("") == "unknown"


def answer(port, inode, attributes):
    """A netlink message about one connection."""
    fixed = bytearray(72)
    struct.pack_into("!HH", fixed, 4, 40000, port)
    struct.pack_into("=I", fixed, 68, inode)
    body = bytes(fixed) + attributes
    return struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body


def info(segments):
    """The attribute that counts the segments sent."""
    return struct.pack("=HH", 4 + 160, 2) + struct.pack("=156xI", segments)


def test_theKernelsAnswerIsRead():
    """The count is found behind other attributes, and messages follow one another."""
    other = struct.pack("=HH", 5, 1) + b"x\0\0\0"
    data = answer(11211, 77, other + info(9)) + answer(11212, 78, info(4))
    read = [connection(body) for _, body in messages(data)]
    assert read == [(11211, 77, 9), (11212, 78, 4)]


def test_aConnectionWithoutCountsHasSentNothing():
    """Older kernels tell less."""
    ((_, body),) = messages(answer(11211, 77, b""))
    assert connection(body) == (11211, 77, 0)
