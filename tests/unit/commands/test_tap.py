"""C{nutproxy tap}: samples as lines, and wrong arguments."""

from __future__ import annotations

import time

import pytest

from nuttwist.commands.tap import line

SAMPLE = {
    "time": 1766400000.2,
    "pool": "leaf",
    "server": "a",
    "command": "get",
    "key": "user:1\x1b[2J",
    "bytes": 12,
    "reply_bytes": 300,
    "latency": 0.0002,
    "result": "hit",
}


def test_sampleIsALine():
    """It has the time of day, pool, server, command, key, result and latency, and no escapes."""
    at = time.strftime("%H:%M:%S", time.localtime(SAMPLE["time"]))
    assert line(SAMPLE) == f"{at}  leaf  a  get  user:1\\x1b[2J  hit  0.20 ms"


def test_whatIsNotKnownIsLeftOut():
    """A sample without a result or a key is shorter."""
    assert line({**SAMPLE, "result": None, "key": None}).endswith("  leaf  a  get  0.20 ms")


def test_droppedSamplesAreTold():
    """When lines were lost, it is said how many."""
    assert line({"dropped": 37}).startswith("(37 samples dropped")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "0"], "argument --sample: '0' is not a number from 1e-09 to 1"),
        (["--count", "0"], "argument --count: '0' is not a whole number from 1 to 1000000000"),
        (["x"], "argument HOST:PORT: 'x' is not HOST:PORT"),
    ],
)
def test_wrongArgumentIsOneLine(ask, words, said):
    """The argument, the value and what is allowed are named."""
    told = ask("tap", *words)
    assert (told.status, told.notes.count("\n")) == (2, 1)
    assert said in told.notes
