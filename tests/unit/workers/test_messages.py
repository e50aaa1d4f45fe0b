"""What parent and workers say to each other survives the line between them."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from nuttwist.observed import RANKINGS, Observed, Ranking, Standing, Timing, past, together
from nuttwist.statistics import PoolFigures
from nuttwist.wire.samples import BOUNDS
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
        [{"name": "alpha"}],
        {"alpha": 4},
        5,
        1,
        2,
        16384,
        5,
        [Ejected("alpha", "one", 1.5)],
        {"/ca": "\xff"},
    ),
    Change([{"name": "alpha"}], ["alpha"], {"/ca": "\xff\n"}),
    Changed(),
    Stop(),
    Verbose(11),
    Ready(),
    Ejected("alpha", "one", 29.5),
    Readmitted("alpha", "na\udc80me"),
    Ask(7),
    Told(7, [PoolFigures("alpha", True, {"opened": 2**63}, {})]),
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


#: A name may have any bytes, which are surrogates then.
NAMES = st.binary(max_size=6).map(lambda data: data.decode("utf-8", "surrogateescape"))
TEXT = st.text(max_size=6) | NAMES
COUNTS = st.integers(0, 2**64)
SECONDS = st.floats(allow_nan=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | SECONDS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def some(values):
    """A few of them."""
    return st.lists(values, max_size=3)


def named(values):
    """A few of them, by names."""
    return st.dictionaries(NAMES, values, max_size=3)


FIELDS = named(PLAIN)
TIMINGS = st.builds(
    Timing, st.lists(COUNTS, min_size=len(BOUNDS) + 1, max_size=len(BOUNDS) + 1), SECONDS
)
STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(["live", "ejected", "out"]),
    since=st.none() | SECONDS,
    until=st.none() | SECONDS,
    failures=COUNTS,
    trouble=st.none() | st.tuples(SECONDS, TEXT),
)
SEEN = st.builds(
    Observed,
    st.just("alpha"),
    latency=TIMINGS,
    standings=named(STANDINGS),
    samples=COUNTS,
    servers=named(TIMINGS),
    commands=named(TIMINGS),
    failures=some(st.tuples(st.none() | NAMES, TEXT, COUNTS)),
    rankings=st.dictionaries(
        st.sampled_from(RANKINGS),
        st.builds(Ranking, COUNTS, some(st.tuples(TEXT, COUNTS, COUNTS))),
    ),
    slow=some(st.fixed_dictionaries({"time": SECONDS}, optional={"key": st.none() | TEXT})),
)
FIGURES = st.builds(PoolFigures, NAMES, st.booleans(), named(COUNTS), named(named(COUNTS)))
EJECTED = st.builds(Ejected, NAMES, NAMES, st.none() | SECONDS, TEXT, st.booleans())
POOLS, FILES = some(FIELDS), st.dictionaries(TEXT, TEXT, max_size=3)
ANY = {
    Start: st.builds(
        Start, POOLS, named(COUNTS), COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, some(EJECTED),
        FILES, TEXT,
    ),
    Change: st.builds(Change, POOLS, some(NAMES), FILES),
    Changed: st.builds(Changed),
    Stop: st.builds(Stop),
    Verbose: st.builds(Verbose, COUNTS),
    Ready: st.builds(Ready),
    Ejected: EJECTED,
    Readmitted: st.builds(Readmitted, NAMES, NAMES, st.booleans()),
    Ask: st.builds(Ask, COUNTS, st.booleans(), st.booleans()),
    Told: st.builds(Told, COUNTS, some(FIGURES), some(SEEN), some(FIELDS)),
    Logged: st.builds(Logged, TEXT, TEXT, TEXT, st.none() | TEXT, FIELDS, TEXT),
}  # fmt: skip


def typed(value):
    """A value with the types of all that is in it."""
    if attrs.has(type(value)):
        inner = [typed(getattr(value, each.name)) for each in attrs.fields(type(value))]
    elif isinstance(value, dict):
        inner = [(typed(key), typed(each)) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        inner = [typed(each) for each in value]
    else:
        inner = value
    return type(value), inner


def test_anyKindIsTried():
    """The table above has each kind."""
    assert ANY.keys() == set(KINDS.values())


@pytest.mark.parametrize("kind", ANY, ids=lambda each: each.__name__)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatIsHeardHasTheTypesOfWhatIsSaid(kind, data):
    """Tuples stay tuples, and numbers what they were, in whatever is said."""
    message = data.draw(ANY[kind])
    heard = decode(encode(message))
    assert heard == message
    assert typed(heard) == typed(message)


@settings(deadline=None, max_examples=60)
@given(st.lists(SEEN, min_size=1, max_size=3))
def test_whatIsHeardAddsUpAsWhatIsSeen(seen):
    """The parent counts with what it was told, and that is the same in either form."""
    (told,) = [decode(encode(Told(1, [], seen)))]
    assert together(told.seen) == together(seen)
    assert together(map(past, told.seen)) == together(map(past, seen))


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
        b'{"kind": "ask", "number": "x"}',
        b'{"kind": "told", "number": 1, "pools": [{"name": "alpha"}]}',
        b'{"kind": "told", "number": 1, "pools": [], "seen": [{"name": "alpha", "older": 1}]}',
        b"\xff",
    ],
)
def test_otherLinesAreRefused(line):
    """A line that is no message comes back in the error."""
    with pytest.raises(WrongMessage) as refused:
        decode(line)
    assert refused.value.args == (line,)
