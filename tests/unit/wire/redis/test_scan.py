"""The inner loops over redis's bytes: what they take, and where they stop."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from nuttwist.wire.redis import scan
from nuttwist.wire.redis.heads import HEADS
from nuttwist.wire.redis.resp import request

ROUTES = {b"a": "first", b"bc": "second", b"": "second"}

#: Requests, each with the pipeline it is taken for; those without are for somebody else.
REQUESTS = [
    (request([b"GET", b"a"]), "first"),
    (request([b"get", b"bc"]), "second"),
    (request([b"GET", b""]), "second"),
    (request([b"SET", b"a", b"x" * 12]), "first"),
    (request([b"SET", b"bc", b"12345", b"EX", b"10"]), "second"),
    (request([b"GET", b"new"]), None),
    (request([b"Get", b"a"]), None),
    (request([b"MGET", b"a", b"bc"]), None),
    (request([b"SET", b"a", b"x" * 17]), None),
    (request([b"GET", b"a" * 17]), None),
    (request([b"PING"]), None),
    (b"*2\r\n$3\r\nGET\r\n$01\r\na\r\n", None),
    (b"*2\r\n$3\r\nGET\r\n$1\r\nab\r\n", None),
    (b"*2\r\n$3\r\nGET\r\n$-1\r\na\r\n", None),
    (b"*2\r\n$3\r\nGET\r\n$x\r\na\r\n", None),
    (b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n:1\r\n", None),
    (b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0000000001\r\nx\r\n", None),
    (b"PING\r\n", None),
]


@given(st.lists(st.sampled_from(REQUESTS), max_size=6), st.integers(0, 7), st.data())
def test_requestsAreTakenUpToTheFirstThatIsNotOrdinary(asked, most, data):
    """Or that is cut, or one more than may be."""
    chunk = b"".join(each for each, _ in asked)
    cut = data.draw(st.integers(0, len(chunk)))
    expected, end = [], 0
    for each, pipeline in asked:
        if pipeline is None or end + len(each) > cut or len(expected) == most:
            break
        expected.append((pipeline, each))
        end += len(each)
    pipelines, pieces = [], []
    at = scan.requests(b"xy" + chunk[:cut], 2, most, 16, HEADS, ROUTES, pipelines, pieces)
    assert (list(zip(pipelines, pieces, strict=True)), at) == (expected, end + 2)


#: Keys as short as lengths and line ends are, each with the way of its own.
SHORT = {
    key: b"to the server of " + key
    for key in (b"", b"\r", b"\n", b"\r\n", b"*", b"$", b"$1", b"*2", b"GET", b"\r\n$")
} | {b"%d" % number: b"to the server of %d" % number for number in range(100)}

#: What requests are made of, down to the pieces of a line.
TOKENS = [
    *(request([name, key]) for name in (b"GET", b"get", b"TTL") for key in (b"2", b"", b"\r\n")),
    request([b"SET", b"2", b"\r\n$1"]),
    b"*2\r\n$3\r\nGET\r\n$",
    b"*3\r\n$3\r\nSET\r\n$",
    *(b"%d" % number for number in range(24)),
    *(b"\r\n", b"\r", b"\n", b"$", b"*", b"-1", b"0", b"GET", b"\0"),
]


def taken(data, at, most=100):
    """What is taken from some bytes, with the checks that hold whatever they are."""
    pipelines, pieces = [], []
    after = scan.requests(data, at, most, 64, HEADS, SHORT, pipelines, pieces)
    assert all(pieces)
    assert b"".join(pieces) == data[at:after]
    assert len(pipelines) == len(pieces) <= most
    return pipelines, pieces, after


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join), st.integers(0, 4), st.data())
def test_whatIsTakenIsAllThatIsBetweenTwoOffsetsAndNoPieceIsEmpty(said, before, data):
    """Whatever is said, wherever it is cut, and with every short key known."""
    cut = data.draw(st.integers(0, len(said)))
    pipelines, pieces, after = taken(b"*2\r\n"[:before] + said[:cut], before)
    assert before <= after <= before + cut
    for pipeline, piece in zip(pipelines, pieces, strict=True):
        args = []
        assert scan.whole(piece, 0, 64, args) == len(piece)
        assert pipeline == SHORT[args[1]]


@pytest.mark.parametrize("first", [b"", request([b"GET", b"2"]), request([b"INCR", b"2"])])
@pytest.mark.parametrize("key", sorted(SHORT))
def test_aRequestThatIsCutIsNotTakenWhateverKeysAreKnown(first, key):
    """At any place, whatever is in front of it."""
    whole = request([b"GET", key])
    for cut in range(len(whole)):
        for before in (b"", b"\r\n$"):
            _, pieces, after = taken(before + first + whole[:cut], len(before))
            assert (pieces, after) == ([first] if first else [], len(before + first))


words = st.lists(st.binary(max_size=16), min_size=1, max_size=6)


@given(words, st.data())
def test_aWholeRequestHasItsArguments(args, data):
    """Whatever stands before and behind it; one that is cut has none."""
    encoded = request(args)
    found = []
    assert scan.whole(b"x" + encoded + b"*1", 1, 16, found) == len(encoded) + 1
    assert found == args
    cut = data.draw(st.integers(0, len(encoded) - 1))
    assert scan.whole(encoded[:cut], 0, 16, []) == -1


@pytest.mark.parametrize(
    "data",
    [
        b"*0\r\n",
        b"*-1\r\n",
        b"*x\r\n",
        b"*01\r\n$1\r\na\r\n",
        b"*1000000\r\n$1\r\na\r\n",
        b"$1\r\na\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n$17\r\n" + b"x" * 17 + b"\r\n",
        b"*1\r\n$9999999999\r\nx\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$1\r\nxyz",
    ],
)
def test_whatIsOutOfTheOrdinaryIsNoRequestHere(data):
    """It is for the way that goes line by line."""
    assert scan.whole(data, 0, 16, []) == -1


@settings(max_examples=500)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join), st.integers(0, 4))
def test_offsetsOnlyGoForward(said, before):
    """Over a request, and over strings, whatever the bytes are."""
    data = b"*2\r\n"[:before] + said
    args, strings = [], []
    after = scan.whole(data, before, 64, args)
    assert after == -1 or before < after <= len(data)
    assert after == -1 or data[before:after] == request(args)
    after, count = scan.strings(data, before, 100, strings)
    assert before <= after <= len(data)
    assert all(strings)
    assert (b"".join(strings), count) == (data[before:after], len(strings))


VALUES = [
    (b"$0\r\n\r\n", True),
    (b"$-1\r\n", True),
    (b"$4100\r\n" + b"v" * 4100 + b"\r\n", True),
    (b"$5\r\n\r\n$1\r\r\n", True),
    (b"$05\r\nabcde\r\n", False),
    (b"$1\r\nabc\r\n", False),
    (b"$-2\r\n", False),
    (b"$1234567890\r\nx\r\n", False),
    (b":1\r\n", False),
    (b"*1\r\n", False),
    (b"$\r\n\r\n", False),
]


@given(
    st.lists(st.sampled_from(VALUES), max_size=6),
    st.integers(0, 7),
    st.booleans(),
    st.floats(0, 1),
)
def test_stringsAreTakenUpToTheFirstValueThatIsNone(values, most, wanted, share):
    """Or that is cut, or one more than may be."""
    whole = b"".join(each for each, _ in values)
    cut = int(len(whole) * share)
    expected, end = [], 0
    for each, ordinary in values:
        if not ordinary or end + len(each) > cut or len(expected) == most:
            break
        expected.append(each)
        end += len(each)
    found = [] if wanted else None
    at = scan.strings(b"ab" + whole[:cut], 2, most, found)
    assert at == (end + 2, len(expected))
    assert found == (expected if wanted else None)


@given(
    st.lists(st.sampled_from(["first", "second", "third"]), min_size=1, max_size=9),
    st.integers(1, 3),
)
def test_argumentsAreSharedOutWithTheirKeys(pipelines, width):
    """Each pipeline gets the name and what belongs to its keys, in order."""
    items = [b"%d" % number for number in range(len(pipelines) * width)]
    shares = scan.shared(b"name", items, width, pipelines)
    assert list(shares) == list(dict.fromkeys(pipelines))
    for pipeline, share in shares.items():
        own = [number for number, each in enumerate(pipelines) if each == pipeline]
        mine = [items[number * width + each] for number in own for each in range(width)]
        assert share == [b"name", *mine]


@given(st.lists(st.integers(0, 3), max_size=12))
def test_listsAreWovenIntoOne(order):
    """The elements of each come in their own order, at the places that are theirs."""
    shares = [
        [b"%d of %d" % (place, number) for place in range(order.count(number))]
        for number in range(4)
    ]
    woven = scan.woven(shares, order)
    assert [int(each[-1:]) for each in woven] == order
    assert [[each for each in woven if each.endswith(b"%d" % n)] for n in range(4)] == shares
