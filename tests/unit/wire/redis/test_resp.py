"""RESP: whole values to bytes and back, in both versions of the protocol."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.wire.redis import resp

#: Every type, well formed.
VALUES = [
    b"+OK\r\n",
    b"+\r\n",
    b"-ERR no\r\n",
    b":0\r\n",
    b":-9223372036854775808\r\n",
    b"$3\r\na\r\n\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*2\r\n:1\r\n*1\r\n+x\r\n",
    b"_\r\n",
    b"#t\r\n",
    b"#f\r\n",
    b",1.5\r\n",
    b",-inf\r\n",
    b",nan\r\n",
    b",1e-300\r\n",
    b",17\r\n",
    b"(-3492890328409238509324850943850943825024385\r\n",
    b"!7\r\nERR bad\r\n",
    b"=6\r\ntxt:ab\r\n",
    b"~1\r\n:1\r\n",
    b"%1\r\n+a\r\n*1\r\n:1\r\n",
    b">2\r\n+message\r\n:1\r\n",
    b"|1\r\n+ttl\r\n:3\r\n*1\r\n:1\r\n",
]

#: No beginning of anything.
BROKEN = [
    b"\r\n",
    b"x\r\n",
    b"GET a\r\n",
    b"?",
    b":\r\n",
    b":1a\r\n",
    b":+1\r\n",
    b":123456789012345678901\r\n",
    b":" + b"1" * 500,
    b"$x\r\n",
    b"$?\r\n",
    b"$-2\r\n",
    b"$1\r\nab\r\n",
    b"$" + b"9" * 30 + b"\r\n",
    b"!-1\r\n",
    b"*-2\r\n",
    b"*?\r\n",
    b"~-1\r\n",
    b"%-1\r\n",
    b"*1\r\n\r\n",
    b"_x\r\n",
    b"#x\r\n",
    b",x\r\n",
    b",\r\n",
    b"(1.5\r\n",
    b"(\r\n",
]

leaves = st.one_of(
    st.binary(max_size=20).map(resp.bulk),
    st.integers(-(2**63), 2**63 - 1).map(resp.integer),
    st.binary(max_size=20).map(resp.status),
    st.binary(max_size=20).map(resp.error),
    st.floats().map(lambda number: resp.double(number, 3)),
    st.sampled_from([resp.null(2), resp.null(3), resp.boolean(True, 3), resp.boolean(False, 3)]),
    st.binary(max_size=20).map(lambda text: resp.verbatim(text, 3)),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(resp.array),
        st.lists(inner, max_size=4).map(lambda items: resp.setOf(items, 3)),
        st.lists(st.tuples(inner, inner), max_size=3).map(lambda pairs: resp.mapping(pairs, 3)),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("value", VALUES)
def test_wholeValueIsSkipped(value):
    """A value ends where it ends, wherever it begins and whatever is behind it."""
    assert resp.skip(value, 0) == len(value)
    assert resp.skip(b"junk" + value + b"+more\r\n", 4) == 4 + len(value)


@pytest.mark.parametrize("value", VALUES)
def test_beginningOfAValueIsNotTakenForOne(value):
    """Every beginning of a value is just not finished."""
    assert {resp.skip(value[:size], 0) for size in range(len(value))} == {-1}


@pytest.mark.parametrize("data", BROKEN)
def test_whatIsNotRespIsRefused(data):
    """What can never become a value is refused as soon as that is plain."""
    with pytest.raises(ValueError, match="not"):
        resp.skip(data, 0)


def test_textMayBeLong():
    """A line of text has no length of its own at which it stops being one."""
    assert resp.skip(b"-" + b"x" * 100_000, 0) == -1
    assert resp.skip(b"(" + b"1" * 10_000 + b"\r\n", 0) == 10_003


def test_depthCostsNothing():
    """A value may be as deep as the peer likes."""
    data = b"*1\r\n" * 200_000
    assert resp.skip(data, 0) == -1
    assert resp.skip(data + b":1\r\n", 0) == len(data) + 4


@pytest.mark.parametrize("kind", [b"$", b"*", b"~", b"%", b"=", b">"])
def test_announcedSizeIsNotBelieved(kind):
    """A length is waited for, however large, and nothing is made of its size."""
    assert resp.skip(kind + b"9223372036854775807\r\n:1\r\n", 0) == -1


@given(values)
def test_whatIsEncodedIsRead(value):
    """Whatever is encoded here is one whole value, and no part of it is."""
    assert resp.skip(value, 0) == len(value)
    assert all(resp.skip(value[:size], 0) == -1 for size in range(len(value)))


@given(st.lists(values, max_size=5))
def test_elementsAreWhatAnAggregateIsMadeOf(items):
    """An array and a set come apart into what they were made of."""
    assert resp.elements(resp.array(items)) == items
    assert resp.elements(resp.setOf(items, 3)) == items


def test_mapComesApartIntoKeysAndValues():
    """The elements of a map are its keys and values in turn, as in RESP2."""
    pairs = [(resp.bulk(b"a"), resp.integer(1)), (resp.bulk(b"b"), resp.array([]))]
    flat = [each for pair in pairs for each in pair]
    assert [resp.elements(resp.mapping(pairs, protocol)) for protocol in (2, 3)] == [flat, flat]


def test_nullArrayHasNoElements():
    """A null array is as good as an empty one."""
    assert resp.elements(b"*-1\r\n") == []


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"*1",
        b"+OK\r\n",
        b"$1\r\na\r\n",
        b"*2\r\n:1\r\n",
        b"*1\r\n:1\r\n:2\r\n",
        b"*-1\r\nx",
        b"*99999999999999999999\r\n",
    ],
)
def test_elementsOfAnythingElseAreRefused(reply):
    """What is not exactly one aggregate has no elements."""
    with pytest.raises(ValueError, match="aggregate"):
        resp.elements(reply)


def test_lineEndsInATextBecomeBlanks():
    """No text of an error or a status can end its line."""
    assert resp.error(b"ERR a\r\nb\nc") == b"-ERR a  b c\r\n"
    assert resp.status(b"a\rb") == b"+a b\r\n"


@pytest.mark.parametrize(
    ("encode", "second", "third"),
    [
        (resp.null, b"$-1\r\n", b"_\r\n"),
        (lambda protocol: resp.boolean(True, protocol), b":1\r\n", b"#t\r\n"),
        (lambda protocol: resp.boolean(False, protocol), b":0\r\n", b"#f\r\n"),
        (lambda protocol: resp.double(1.5, protocol), b"$3\r\n1.5\r\n", b",1.5\r\n"),
        (lambda protocol: resp.double(-3, protocol), b"$2\r\n-3\r\n", b",-3\r\n"),
        (lambda protocol: resp.double(float("inf"), protocol), b"$3\r\ninf\r\n", b",inf\r\n"),
        (lambda protocol: resp.verbatim(b"hi", protocol), b"$2\r\nhi\r\n", b"=6\r\ntxt:hi\r\n"),
        (lambda protocol: resp.setOf([b":1\r\n"], protocol), b"*1\r\n:1\r\n", b"~1\r\n:1\r\n"),
        (
            lambda protocol: resp.mapping([(b"+a\r\n", b":1\r\n")], protocol),
            b"*2\r\n+a\r\n:1\r\n",
            b"%1\r\n+a\r\n:1\r\n",
        ),
    ],
)
def test_typesOfTheThirdProtocolHaveAFormInTheSecond(encode, second, third):
    """What RESP2 lacks is sent in the form that servers use there."""
    assert (encode(2), encode(3)) == (second, third)


def test_requestIsAnArrayOfStrings():
    """A request is what a client sends: an array of strings of any bytes."""
    assert resp.request([b"SET", b"a", b"\r\n"]) == b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n"
    assert resp.request([]) == b"*0\r\n"


@pytest.mark.parametrize(
    ("reply", "number"),
    [(b":12\r\n", 12), (b":-1\r\n", -1), (b"+12\r\n", None), (b":x\r\n", None), (b"", None)],
)
def test_numberIsReadFromAnIntegerOnly(reply, number):
    """A reply of another type has no number."""
    assert resp.integerOf(reply) == number


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (b"$3\r\n\r\nx\r\n", b"\r\nx"),
        (b"$0\r\n\r\n", b""),
        (b"$-1\r\n", None),
        (b"+OK\r\n", None),
        (b"$", None),
    ],
)
def test_bytesAreReadFromAStringOnly(reply, value):
    """A null, or a reply of another type, has no bytes."""
    assert resp.bulkOf(reply) == value
