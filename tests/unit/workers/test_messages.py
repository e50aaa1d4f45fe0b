"""What parent and workers say to each other survives the line between them."""

from __future__ import annotations

import pytest

from nuttwist.workers.messages import (
    KINDS,
    Ask,
    Change,
    Changed,
    Ejected,
    Logged,
    Readmitted,
    Ready,
    Start,
    Stop,
    Told,
    Verbose,
    WrongMessage,
    decode,
    encode,
)

MESSAGES = [
    Start(
        [{"name": "alpha"}], {"alpha": 4}, 5, 1, 2, 16384, 5, [{"pool": "alpha"}], {"/ca": "\xff"}
    ),
    Change([{"name": "alpha"}], ["alpha"], {"/ca": "\xff\n"}),
    Changed(),
    Stop(),
    Verbose(11),
    Ready(),
    Ejected("alpha", "one", 29.5),
    Readmitted("alpha", "na\udc80me"),
    Ask(7),
    Told(7, [{"name": "alpha", "listening": True, "counters": {"opened": 2**63}, "servers": {}}]),
    Logged("warn", "one line\nand another\r\n", "nuttwist.x", "lost", {"seconds": None}, "Trace"),
]


def test_everyKindIsTried():
    """The list above has one of each kind."""
    assert {type(each) for each in MESSAGES} == set(KINDS.values())


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_whatIsSaidIsHeard(message):
    """A message is one line of ASCII, and that line is the message."""
    line = encode(message)
    assert b"\n" not in line
    assert line.isascii()
    assert decode(line) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"ready",
        b"[]",
        b"{}",
        b'{"kind": "nosuch"}',
        b'{"kind": "ask"}',
        b'{"kind": "ask", "number": 1, "more": 2}',
        b'{"kind": ["ask"]}',
        b"\xff",
    ],
)
def test_otherLinesAreRefused(line):
    """A line that is no message comes back in the error."""
    with pytest.raises(WrongMessage) as refused:
        decode(line)
    assert refused.value.args == (line,)
