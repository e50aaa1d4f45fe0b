"""The inner loops over memcached's bytes: what they take, and where they stop."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings, strategies as st

from nuttwist.wire.memcache import scan
from nuttwist.wire.request import CLASSIC

from .link import Link
from .test_replies import asked

KEYS = [b"a", b"bc", b"key:1"]
ROUTES = {b"a": "first", b"bc": "second", b"key:1": "first"}

#: Requests, each with the pipeline it is taken for; those without are for somebody else.
REQUESTS = [
    (b"get a\r\n", "first"),
    (b"get bc\r\n", "second"),
    (b"set key:1 0 0 3\r\nabc\r\n", "first"),
    (b"set a 000000001 999999999 0\r\n\r\n", "first"),
    (b"get new\r\n", None),
    (b"get a bc\r\n", None),
    (b"gets a\r\n", None),
    (b"set new 0 0 1\r\nx\r\n", None),
    (b"set a 0 0 9\r\n123456789\r\n", None),
    (b"set a 0 0 3\r\nabcd\r\n", None),
    (b"set a 0 0 1 noreply\r\nx\r\n", None),
    (b"set a 0000000001 0 1\r\nx\r\n", None),
    (b"set a x 0 1\r\nx\r\n", None),
    (b"set  0 0 1\r\nx\r\n", None),
    (b"set a\n 0 0 1\r\nx\r\n", None),
    (b"set a 0 0 1\rx\r\n", None),
    (b"set a 0 0 \r\n\r\n", None),
    (b"set a 0 0\r\n", None),
    (b"\r\n", None),
]


def taken(data, at=0, most=100):
    """What is taken off the front, and where that ends."""
    pipelines, pieces = [], []
    end = scan.requests(data, at, most, 8, ROUTES, pipelines, pieces)
    return pipelines, pieces, end


@given(st.lists(st.sampled_from(REQUESTS), max_size=8), st.integers(0, 9), st.data())
def test_requestsAreTakenUpToTheFirstThatIsNotOrdinary(asked_, most, data):
    """Or that is cut, or one more than may be."""
    chunk = b"".join(each for each, _ in asked_)
    cut = data.draw(st.integers(0, len(chunk)))
    expected, end = [], 0
    for each, pipeline in asked_:
        if pipeline is None or end + len(each) > cut or len(expected) == most:
            break
        expected.append((pipeline, each))
        end += len(each)
    pipelines, pieces, at = taken(b"xy" + chunk[:cut], 2, most)
    assert (list(zip(pipelines, pieces, strict=True)), at) == (expected, end + 2)


#: What requests and replies are made of, down to the pieces of a line.
TOKENS = [
    *(b"get ", b"set ", b"VALUE ", b"END\r\n", b"get a\r\n", b"set a 0 0 1\r\nx\r\n", b" 0 0 "),
    *(b"VALUE a 0 1\r\nx\r\n", b"VALUE bc 0 0 5\r\nEND\r\n\r\n"),
    *(b"a", b"bc", b"0", b"1", b"2", b"12", b"-1", b" ", b"\r\n", b"\r", b"\n", b"\0"),
]

SHORT = [b"", b" ", b"0", b"1", b"2", b"\n", b"\r", b"\0", b"a\r", b"1\r\nget a", *KEYS]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join), st.integers(0, 4), st.data())
def test_whatIsTakenIsAllThatIsBetweenTwoOffsetsAndNoPieceIsEmpty(said, before, data):
    """Whatever is said, wherever it is cut, and with every short key known."""
    chunk = b"ND\r\n"[:before] + said[: data.draw(st.integers(0, len(said)))]
    routes = {key: b"to the server of " + key for key in SHORT}
    pipelines, pieces = [], []
    after = scan.requests(chunk, before, 100, 64, routes, pipelines, pieces)
    assert before <= after <= len(chunk)
    assert b"".join(pieces) == chunk[before:after]
    assert len(pipelines) == len(pieces)
    assert all(each.startswith((b"get ", b"set ")) for each in pieces)
    assert all(each.endswith(b"\r\n") for each in pieces)


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join), st.integers(0, 4))
def test_offsetsOnlyGoForward(said, before):
    """Over the blocks of a reply, whatever the bytes are; what is no block is left."""
    chunk = b"ND\r\n"[:before] + said
    blocks = {}
    after = scan.values(chunk, before, blocks)
    at = after if after >= 0 else ~after
    assert before <= at <= len(chunk)
    assert all(each.startswith(b"VALUE %s " % key) for key, each in blocks.items())
    assert all(each in chunk[before:at] for each in blocks.values())


#: Blocks, each with its key; those without are for somebody else.
BLOCKS = [
    (b"VALUE a 0 3\r\nabc\r\n", b"a"),
    (b"VALUE bc 4294967295 0 77\r\n\r\n", b"bc"),
    (b"VALUE key:1 0 5\r\nEND\r\n\r\n", b"key:1"),
    (b"VALUE " + b"k" * 250 + b" 1 2 18446744073709551615\r\nab\r\n", b"k" * 250),
    (b"VALUE a 0 3\r\nabcd\r\n", None),
    (b"VALUE a 0 00000000003\r\nabc\r\n", None),
    (b"VALUE a 0 \r\n\r\n", None),
    (b"VALUE a 0 1 \r\nx\r\n", None),
    (b"VALUE a 0 1 x\r\nx\r\n", None),
    (b"VALUE a 0 1\rx\r\n", None),
    (b"VALUE a\rb 0 1\r\nx\r\n", None),
    (b"VALUE  0 1\r\nx\r\n", None),
    (b"VALUE a\r\n", None),
    (b"VALUE a -1 1\r\nx\r\n", None),
    (b"VALUE " + b"k" * 600 + b" 0 1\r\nx\r\n", None),
    (b"VALUE a " + b"0" * 600 + b" 1\r\nx\r\n", None),
    (b"ERROR\r\n", None),
]


@given(st.lists(st.sampled_from(BLOCKS), max_size=6), st.booleans(), st.data())
@example([BLOCKS[0]], True, None)
def test_blocksAreTakenUpToTheEndOrTheFirstThatIsNotOrdinary(sent, wanted, data):
    """A cut block is left, and the END is taken with them."""
    whole = b"".join(each for each, _ in sent) + b"END\r\n"
    cut = len(whole) if data is None else data.draw(st.integers(0, len(whole)))
    expected, end, ended = {}, 0, cut == len(whole)
    for each, key in sent:
        if key is None or end + len(each) > cut:
            ended = False
            break
        expected[key] = each
        end += len(each)
    blocks = {} if wanted else None
    at = scan.values(b"\r\n" + whole[:cut], 2, blocks)
    assert at == (end + 7 if ended else ~(end + 2))
    assert blocks == (expected if wanted else None)


@given(st.lists(st.sampled_from([*KEYS, b"new", b""]), min_size=1, max_size=12))
def test_keysAreSpreadOverTheirPipelines(keys):
    """All of them or, when the way of one is not known, none."""
    found, pipelines = [], []
    groups = scan.spread(b" ".join(keys), ROUTES, found, pipelines)
    assert (found, pipelines) == (keys, [ROUTES.get(key) for key in keys])
    if None in pipelines:
        assert groups == {}
    else:
        assert groups == scan.grouped(keys, pipelines)
        assert list(groups) == list(dict.fromkeys(pipelines))
        for pipeline, group in groups.items():
            assert group == [key for key in keys if ROUTES[key] == pipeline]


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=12), st.sets(st.sampled_from(KEYS)))
def test_blocksArePickedInTheOrderOfTheKeys(keys, there):
    """What was not found is left out, what was asked twice comes twice."""
    blocks = {"first": {}, "second": {}}
    for key in there:
        blocks[ROUTES[key]][key] = b"block of " + key
    picked = scan.picked(keys, [ROUTES[key] for key in keys], blocks)
    assert picked == [b"block of " + key for key in keys if key in there]


@pytest.mark.parametrize("found", [None, {}])
def test_aLongLineBeforeAValueIsStillALine(found):
    """It is out of the ordinary, and read all the same."""
    block = b"VALUE k " + b"0" * 600 + b" 1\r\nx\r\n"
    link = Link(asked(CLASSIC, found=found))
    link.send([block + b"END\r\n"])
    assert link.received().replies == ((block if found is None else b"") + b"END\r\n",)
    assert found in (None, {b"k": block})
