"""What clients may send, well formed or not, and what servers may answer."""

from __future__ import annotations

from hypothesis import strategies as st

from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET

KEYS = st.one_of(
    st.sampled_from([b"a", b"b", b"c", b"foo", b"noreply", b"YQ==", b"YQpi", b"k" * 250]),
    st.text(st.characters(max_codepoint=255), min_size=1, max_size=6).map(
        lambda key: key.encode("latin-1").translate(None, b"\0\t\n\v\f\r ") or b"k"
    ),
)
HOSTILE_KEYS = st.sampled_from(
    [
        b"k" * 251,
        b"a\nb",
        b"a\nflush_all",
        b"a\0b",
        b"a\tb",
        b"a\rb",
        b"",
        b"\r",
        b"\n",
        b"YQpi",
        b"!",
    ]
)
NUMBERS = st.one_of(
    st.integers(0, 70).map(lambda each: b"%d" % each),
    st.sampled_from(
        [b"-1", b"x", b"", b"-", b"+1", b"4294967296", b"18446744073709551616", b"007"]
    ),
)
VALUES = st.one_of(
    st.binary(max_size=70),
    st.sampled_from([b"flush_all\r\n", b"\r\n", b"get a\r\nset b 0 0 1\r\nx\r\n", b"\r", b"\n"]),
)
FLAGS = st.lists(
    st.sampled_from([b"q", b"v", b"k", b"b", b"qx", b"O1", b"T0", b"x\nmn", b"\0q", b"base"]),
    max_size=4,
)
ENDS = st.sampled_from([b"\r\n"] * 8 + [b" \r\n", b"\n", b"\r\r\n"])
BLANKS = st.sampled_from([b" "] * 6 + [b"  "])


@st.composite
def lines(draw, *words):
    """Words of some strategies with blanks between them, and an end."""
    drawn = [draw(each) if isinstance(each, st.SearchStrategy) else each for each in words]
    return draw(BLANKS).join(drawn) + draw(ENDS)


@st.composite
def storing(draw, meta, keys=KEYS):
    """A request with a value; its announced length is mostly true."""
    value = draw(VALUES)
    size = draw(st.one_of(st.just(b"%d" % len(value)), NUMBERS))
    end = draw(st.sampled_from([b"\r\n"] * 6 + [b"", b"\n", b"xx"]))
    if meta:
        line = b" ".join([b"ms", draw(keys), size, *draw(FLAGS)])
    else:
        verb = draw(st.sampled_from([b"set", b"set", b"add", b"cas"]))
        line = b" ".join([verb, draw(keys), draw(NUMBERS), draw(NUMBERS), size])
        line += draw(st.sampled_from([b"", b"", b" 1", b" noreply", b" 1 noreply"]))
    return line + b"\r\n" + value + end


@st.composite
def ordinary(draw):
    """What the fast path takes."""
    key, value = draw(KEYS), draw(VALUES)
    if draw(st.booleans()):
        return b"get %s\r\n" % key
    return b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)


RETRIEVALS = st.lists(st.one_of(KEYS, KEYS, KEYS, HOSTILE_KEYS), max_size=5).map(b" ".join)
ANY_KEY = st.one_of(KEYS, HOSTILE_KEYS)

#: One thing that a client says.
REQUESTS = st.one_of(
    ordinary(),
    ordinary(),
    lines(st.sampled_from([b"get", b"gets"]), RETRIEVALS),
    lines(st.sampled_from([b"gat", b"gats"]), NUMBERS, RETRIEVALS),
    storing(False),
    storing(True),
    storing(False, HOSTILE_KEYS),
    storing(True, HOSTILE_KEYS),
    lines(st.sampled_from([b"incr", b"touch"]), ANY_KEY, NUMBERS),
    lines(st.sampled_from([b"incr", b"touch"]), ANY_KEY, NUMBERS, b"noreply"),
    lines(b"delete", ANY_KEY, st.sampled_from([b"", b"noreply", b"0"])),
    lines(st.sampled_from([b"mg", b"md", b"ma", b"me"]), ANY_KEY, FLAGS.map(b" ".join)),
    lines(
        st.sampled_from(
            [b"mn", b"version", b"stats", b"stats servers", b"verbosity 1", b"verbosity x noreply"]
        )
    ),
    lines(st.sampled_from([b"flush_all", b"flush_all 1 noreply", b"flush_all x", b"foo", b""])),
    lines(st.sampled_from([b"quit", b"\x80\x01", b"g" * 400, b"get " + b"k " * 200])),
    st.binary(max_size=20),
)

#: Where chunks end; see L{tests.unit.wire.rig.cut}.
CUTS = st.lists(st.integers(0, 2000), max_size=12)


@st.composite
def blocks(draw):
    """A value of a memcached server, with its line."""
    value = draw(VALUES)
    cas = draw(st.sampled_from([b"", b" 5"]))
    return b"VALUE %s 7 %d%s\r\n%s\r\n" % (draw(KEYS), len(value), cas, value)


@st.composite
def metaBlocks(draw):
    """The same in reply to a meta command."""
    value = draw(VALUES)
    return b"VA %d%s\r\n%s\r\n" % (len(value), draw(st.sampled_from([b"", b" O1"])), value)


ERRORS = st.sampled_from(
    [b"ERROR\r\n", b"CLIENT_ERROR no\r\n", b"SERVER_ERROR a\nEND\r\n", b"SERVER_ERROR \r\n"]
)
META_LINES = st.sampled_from([b"HD\r\n", b"EN\r\n", b"NS O1\r\n", b"ME a b=c\r\n", b"NF \r\n"])

#: Well-formed replies, by what is expected.
REPLIES = {
    CLASSIC: st.one_of(
        st.tuples(st.lists(blocks(), max_size=3).map(b"".join), st.just(b"END\r\n")).map(b"".join),
        st.sampled_from(
            [b"STORED\r\n", b"NOT_FOUND\r\n", b"17\r\n", b"17  \r\n", b"VERSION 1\r\n"]
        ),
        ERRORS,
        st.tuples(blocks(), ERRORS).map(b"".join),
    ),
    META: st.one_of(metaBlocks(), META_LINES, ERRORS),
    QUIET: st.one_of(st.just(b""), metaBlocks(), META_LINES, ERRORS).map(lambda r: r + b"MN\r\n"),
    ACKNOWLEDGE: st.one_of(st.just(b"OK\r\n"), ERRORS),
}

#: What no server should say, or not then.
GARBAGE = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"\r\n",
            b"END \r\n",
            b"\0\r\n",
            b"\0 1\r\nx\r\n",
            b"VALUE\r\n",
            b"VALUE a 0 x\r\n",
            b"VALUE a 0 1\r\nxyz",
            b"VALUE a 0 12345678901\r\n",
            b"VA \r\n",
            b"VA 1\r\nxyz",
            b"MN\r\n",
            b"HD\r\n",
            b"OK\r\n",
            b"STORED\r\n",
            b"SERVER_ERROR " + b"x" * 400 + b"\r\n",
            b"x" * 400,
        ]
    ),
)

EXPECTED = st.sampled_from([CLASSIC, META, QUIET, ACKNOWLEDGE])


@st.composite
def streams(draw):
    """
    What each waiting request expects, with whether it is a part of a split one, and what the
    server sends: the replies, with some garbage somewhere now and then.
    """
    asked = draw(st.lists(st.tuples(EXPECTED, st.booleans()), max_size=6))
    replies = [draw(REPLIES[expect]) for expect, _ in asked]
    if draw(st.booleans()):
        place = draw(st.integers(0, len(replies)))
        replies[place : place + draw(st.integers(0, 1))] = [draw(GARBAGE)]
    return asked, b"".join(replies)
