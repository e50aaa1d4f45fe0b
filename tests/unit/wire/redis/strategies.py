"""What redis clients may send, well formed or not, and what servers may answer."""

from __future__ import annotations

from hypothesis import strategies as st

from nuttwist.wire.redis.resp import request
from tests.unit.wire.rig import cut

from .test_resp import values

__all__ = ["CUTS", "GARBAGE", "REQUESTS", "cut", "streams"]

KEYS = st.one_of(
    st.sampled_from([b"a", b"b", b"c", b"foo", b"", b"\r\n", b"$1\r\na\r\n", b"k" * 64]),
    st.binary(max_size=6),
)
PAIRS = st.lists(st.tuples(KEYS, KEYS), max_size=3).map(lambda pairs: [w for p in pairs for w in p])
SOME = st.lists(KEYS, max_size=4)
NUMBERS = st.one_of(
    st.integers(-2, 70).map(lambda each: b"%d" % each),
    st.sampled_from(
        [
            b"",
            b"x",
            b"-",
            b"+1",
            b"01",
            b"-0",
            b"1 ",
            b"2147483648",
            b"4294967297",
            b"18446744073709551616",
            b"-9999999999999999999",
            b"9" * 30,
        ]
    ),
)

#: Commands, each with its arguments, the number of which is mostly right.
WORDS = st.one_of(
    st.tuples(st.sampled_from([b"GET", b"get", b"GeT", b"TTL"]), KEYS).map(list),
    st.tuples(st.sampled_from([b"SET", b"set", b"GETSET"]), KEYS, KEYS).map(list),
    st.tuples(st.sampled_from([b"MGET", b"DEL", b"exists", b"SINTER", b"GET"]), SOME).map(
        lambda words: [words[0], *words[1]]
    ),
    st.tuples(st.sampled_from([b"MSET", b"hset", b"PFMERGE"]), PAIRS).map(
        lambda words: [words[0], *words[1]]
    ),
    st.tuples(st.just(b"EVAL"), KEYS, NUMBERS, SOME).map(lambda words: [*words[:3], *words[3]]),
    st.tuples(st.just(b"SCAN"), NUMBERS).map(list),
    st.sampled_from(
        [
            [b"PING"],
            [b"ECHO", b"x"],
            [b"HELLO", b"3"],
            [b"HELLO", b"2"],
            [b"RESET"],
            [b"AUTH", b"sekret"],
            [b"AUTH", b"wrong"],
            [b"QUIT"],
            [b"DBSIZE"],
            [b"KEYS", b"*"],
            [b"RANDOMKEY"],
            [b"FLUSHALL"],
            [b"SCRIPT", b"EXISTS", b"a"],
            [b"OBJECT", b"HELP"],
            [b"CLIENT", b"GETNAME"],
            [b"CONFIG", b"SET", b"a", b"b"],
            [b"MULTI"],
            [b"nonsense", b"a"],
            [b""],
        ]
    ),
)


@st.composite
def damaged(draw):
    """A request of which one piece is not as it should be."""
    words = draw(WORDS)
    pieces = [b"*%d\r\n" % len(words)]
    for word in words:
        pieces += [b"$%d\r\n" % len(word), word, b"\r\n"]
    place = draw(st.integers(0, len(pieces) - 1))
    wrong = draw(
        st.one_of(
            NUMBERS.map(lambda number: b"*%s\r\n" % number),
            NUMBERS.map(lambda number: b"$%s\r\n" % number),
            st.sampled_from([b"", b"\r\n", b"\n", b"$1\r\n", b"*2\r\n$3\r\nGET\r\n", b"$" * 400]),
            st.binary(max_size=5),
        )
    )
    return b"".join([*pieces[:place], wrong, *pieces[place + draw(st.integers(0, 1)) :]])


#: One thing that a client says.
REQUESTS = st.one_of(
    WORDS.map(request),
    WORDS.map(request),
    WORDS.map(request),
    WORDS.map(lambda words: b" ".join(words) + b"\r\n"),
    damaged(),
    st.sampled_from(
        [
            b"\r\n",
            b"PING\r\n",
            b"x$3\r\nabc\r\n*2\r\n$3\r\nget\r",
            b"ECHO 'a\\'b' \r\n",
            b'ECHO "\\x41\r\n',
            b"x" * 400,
        ]
    ),
    st.binary(max_size=12),
)

#: Where chunks end; see L{tests.unit.wire.rig.cut}.
CUTS = st.lists(st.integers(0, 2000), max_size=12)

#: What no server should say, or not in the older protocol.
GARBAGE = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"\r\n",
            b":x\r\n",
            b":\r\n",
            b"$-2\r\n",
            b"$01\r\na\r\n",
            b"$1\r\nxyz",
            b"$5\r\nab\r\n",
            b"*-2\r\n",
            b"*9223372036854775807\r\n",
            b"*99999999999999999999999\r\n",
            b"$99999999999999999999999\r\n",
            b"=5\r\ntxt:",
            b"!3\r\nER",
            b">1\r\n+a\r\n",
            b"%1\r\n+a\r\n",
            b"_\r\n",
            b"$?\r\n",
            b"+" + b"x" * 400 + b"\r\n",
            b"x" * 400,
        ]
    ),
)

ERRORS = st.sampled_from([b"-OOM no\r\n", b"-BUSY\r\n", b"-LOADING \r\n", b"-OOMPH no\r\n"])


@st.composite
def streams(draw):
    """How many requests wait, and what the server sends, with garbage in it now and then."""
    asked = draw(st.integers(0, 5))
    replies = draw(
        st.lists(st.one_of(values, values, values, ERRORS), min_size=asked, max_size=asked)
    )
    if draw(st.booleans()):
        place = draw(st.integers(0, len(replies)))
        replies[place : place + draw(st.integers(0, 1))] = [draw(GARBAGE)]
    return asked, b"".join(replies)
