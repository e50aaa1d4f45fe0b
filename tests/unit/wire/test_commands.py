"""Every command of the table: what goes to the server, and what a wrong form is told."""

from __future__ import annotations

import pytest

from nuttwist.wire.framing import SPEAKS_HTTP
from nuttwist.wire.memcache import commands as c
from nuttwist.wire.memcache.commands import COMMANDS, Shape
from nuttwist.wire.memcache.shapes import SHAPES
from nuttwist.wire.router import Settings

from .rig import SMALL, STRICT, Pool, tr

PASSED = [
    b"get k",
    b" get  k ",
    b"get k k",
    b"gets k",
    b"get " + b" ".join([b"%0200d" % each for each in range(20)]),
    b"gat 0 k",
    b"gat -2147483648 k",
    b"gats 2147483647 k k",
    b"incr k 1",
    b"decr k 18446744073709551615",
    b"incr k -1",
    b"touch k -1",
    b"delete k",
    b"delete noreply",
    b"incr noreply 1",
    b"version",
    b"version ",
    b"mg k",
    b"mg k v t O123 k",
    b"mg noreply v",
    b"md k",
    b"ma k N0 J13 D1",
    b"me k",
    b"mg YQ== b v",
    b"mg k " + b"v " * 1000,
]

SILENT = [
    b"incr k 1 noreply",
    b"touch k 1 noreply",
    b"delete k noreply",
    b"flush_all noreply",
    b"flush_all 10 noreply",
]

REFUSED = [
    (b"", c.ERROR),
    (b"   ", c.ERROR),
    (b"GET k", c.ERROR),
    (b"foo", c.ERROR),
    (b"slabs reassign 1 2", c.ERROR),
    (b"get\tk", c.ERROR),
    (b"get", c.ERROR),
    (b"get  ", c.ERROR),
    (b"gat", c.ERROR),
    (b"gat 10", c.END),
    (b"gat x", c.BAD_EXPTIME),
    (b"gat x k", c.BAD_EXPTIME),
    (b"gats 9223372036854775808 k", c.BAD_EXPTIME),
    (b"get " + b"k" * 251, c.BAD_FORMAT),
    (b"get a " + b"k" * 251, c.BAD_FORMAT),
    (b"get a\0", c.BAD_FORMAT),
    (b"get a\r", c.BAD_FORMAT),
    (b"get a b\tc", c.BAD_FORMAT),
    (b"incr", c.ERROR),
    (b"incr k", c.ERROR),
    (b"incr k 1 2 noreply", c.ERROR),
    (b"incr k x", c.BAD_DELTA),
    (b"incr k -", c.BAD_DELTA),
    (b"decr k 18446744073709551616", c.BAD_DELTA),
    (b"touch k", c.ERROR),
    (b"touch k x", c.BAD_EXPTIME),
    (b"touch k -9223372036854775809", c.BAD_EXPTIME),
    (b"delete", c.ERROR),
    (b"delete k 1", c.BAD_DELETE),
    (b"delete k l", c.BAD_DELETE),
    (b"delete k 0 x", c.BAD_DELETE),
    (b"delete k 0 noreply x", c.ERROR),
    (b"delete k\0", c.BAD_FORMAT),
    (b"mg", c.ERROR),
    (b"mg " + b"k" * 251, c.BAD_FORMAT),
    (b"mg k \0", c.BAD_FORMAT),
    (b"mg !!! b", c.BAD_BASE64),
    (b"stats nonsense", c.ERROR),
    (b"stats servers x", c.ERROR),
    (b"verbosity", c.ERROR),
    (b"verbosity 1 2 noreply", c.ERROR),
    (b"verbosity x", c.BAD_FORMAT),
    (b"flush_all x", c.BAD_EXPTIME),
    (b"flush_all 1 2 3", c.ERROR),
    (b"mg k " + b"v" * 2043, c.LINE_TOO_LONG),
    (b" get " + b"k " * 1022, c.LINE_TOO_LONG),
    (b"gat 0 " + b"k " * 1021, c.LINE_TOO_LONG),
    (b"gat 0 " + b"k " * 1021 + b"noreply", c.LINE_TOO_LONG),
]

#: What memcached takes, and what its server is sent: nothing that some release would refuse.
REWRITTEN = [
    (b"incr k 1 2", b"incr k 1"),
    (b"touch k 1 x", b"touch k 1"),
    (b"touch k 2147483648", b"touch k 2147483647"),
    (b"touch k -9223372036854775808", b"touch k -2147483648"),
    (b"gats 99999999999 k", b"gats 2147483647 k"),
    (b"delete k 0", b"delete k"),
    (b"version 1 2", b"version"),
]

SILENTLY_REFUSED = [
    b"delete k 1 noreply",
    b"incr k x noreply",
    b"incr k noreply",
    b"touch k x noreply",
    b"touch k noreply",
    b"delete k\0 noreply",
    b"verbosity x noreply",
    b"verbosity noreply",
    b"flush_all x noreply",
    b"delete " + b"k" * 3000 + b" noreply",
]


def name(case):
    """What to call a case in the report of the tests."""
    return repr(case[:30]) if isinstance(case, bytes) and len(case) < 60 else ""


@pytest.mark.parametrize("line", PASSED, ids=name)
def test_aWellFormedRequestGoesToTheServerByteForByte(line):
    """What the client wrote is what its server reads, and the server's reply comes back."""
    outcome = tr(line + b"\r\n", servers=1)
    assert outcome.sent == (line + b"\r\n",)
    assert outcome.received.endswith(b"\r\n")
    assert outcome.errors == outcome.fragments == 0


@pytest.mark.parametrize(("line", "sent"), REWRITTEN, ids=name)
def test_whatEveryReleaseReadsIsSent(line, sent):
    """Times of 64 bits and words that memcached does not look at are taken, as by memcached."""
    outcome = tr(line + b"\r\n", servers=1)
    assert outcome.sent == (sent + b"\r\n",)
    assert outcome.errors == 0


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (b"delete k 0 noreply", b"delete k noreply"),
        (b"touch k 2147483648 noreply", b"touch k 2147483647 noreply"),
    ],
)
def test_whatIsRewrittenIsAsSilent(line, sent):
    """No reply is owed that would shift those behind it."""
    outcome = tr(line + b"\r\nmn\r\n", servers=1)
    assert (outcome.sent, outcome.received) == ((sent + b"\r\n",), b"MN\r\n")


@pytest.mark.parametrize(
    ("line", "received"), [(b"verbosity 1 2", b"OK\r\n"), (b"verbosity 1 noreply", b"")]
)
def test_verbosityTakesAnotherWord(line, received):
    """As memcached does."""
    assert tr(line + b"\r\nmn\r\n").received == received + b"MN\r\n"


@pytest.mark.parametrize("line", [b"quit now", b"quit 1 2 3"])
def test_quitTakesAnyWords(line):
    """What is behind it is not read."""
    assert tr(line + b"\r\nmn\r\n").received == b""


@pytest.mark.parametrize(
    "said",
    [
        b"get k\nget k\n",
        b"get k\nget k\r\n",
        b"get k\r\nget k\n",
    ],
)
def test_aLineEndsAtLF(said):
    """One CR before it belongs to the end; what is sent ends in both."""
    outcome = tr(said, servers=1)
    assert outcome.sent == (b"get k\r\nget k\r\n",)


def test_aValueBehindALineThatEndsAtLFIsSent():
    """Its own end is CR and LF, as memcached wants it."""
    outcome = tr(b"set k 0 0 1\nx\r\nmn\n", servers=1)
    assert outcome.sent == (b"set k 0 0 1\r\nx\r\n",)
    assert outcome.received == b"STORED\r\nMN\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\nset a 0 0 1\r\nx\r\n",
        b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\n\r\nset a 0 0 1\r\nx\r\n",
        b"GET / HTTP/1.0 \nset a 0 0 1\r\nx\r\n",
    ],
)
def test_httpIsNotObeyed(said):
    """A web page must not drive a cache: it is closed as by memcached, and the log has why."""
    pool = Pool(Settings(), servers=1)
    pool.send([b"mn\r\n" + said])
    assert pool.replies.take() == b"MN\r\n"
    assert (pool.replies.ending, pool.replies.suspicion) == (True, SPEAKS_HTTP)
    assert pool.takeAll() == (b"",)


@pytest.mark.parametrize("line", SILENT, ids=name)
def test_aRequestWithNoreplyIsSentAndOwedNothing(line):
    """The server gets it, and the client's next reply is that of its next request."""
    outcome = tr(line + b"\r\nmn\r\n", servers=2)
    assert b"".join(outcome.sent).count(line + b"\r\n") == (2 if b"flush" in line else 1)
    assert outcome.received == b"MN\r\n"


@pytest.mark.parametrize(("line", "error"), REFUSED, ids=name)
def test_aMalformedRequestIsToldSoAndTheConnectionGoesOn(line, error):
    """The server never sees it, the text is memcached's, and the next request works."""
    outcome = tr(line + b"\r\nmn\r\n")
    assert outcome.sent == (b"", b"", b"")
    assert outcome.received == error + b"MN\r\n"
    assert not outcome.ending
    assert outcome.errors == 0


@pytest.mark.parametrize("line", SILENTLY_REFUSED, ids=name)
def test_aMalformedRequestWithNoreplyIsDroppedInSilence(line):
    """Who asked for no reply must not take an error for the reply to the next request."""
    outcome = tr(line + b"\r\nmn\r\n")
    assert outcome.sent == (b"", b"", b"")
    assert outcome.received == b"MN\r\n"


@pytest.mark.parametrize(
    "line",
    [*(line for line, _ in REFUSED), *SILENTLY_REFUSED, b"\x80", b"\x16\x03\x01"],
    ids=name,
)
def test_aStrictPoolHangsUpOverAnythingMalformed(line):
    """As twemproxy does; but the replies to earlier requests come first, and nothing follows."""
    outcome = tr(b"mn\r\n" + line + b"\r\nget k\r\n", STRICT)
    assert outcome.received == b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")
    assert outcome.ending
    assert outcome.fault


@pytest.mark.parametrize("byte", [b"\x80", b"\x81", b"\x16"])
def test_anotherProtocolIsToldSoAndClosed(byte):
    """The first byte is enough, before any line has ended."""
    outcome = tr(b"mn\r\n" + byte + b"\0\0\0\0", Settings())
    assert outcome.received == b"MN\r\n" + c.NOT_TEXT
    assert outcome.ending
    assert outcome.fault


def test_aLineThatCanBeNoCommandIsNotWaitedForByAStrictPool():
    """Twemproxy closes at the first byte that cannot begin a command; nutproxy does with it."""
    assert tr(b"GE", STRICT).ending
    assert tr(b"get\tk", STRICT).ending
    assert not tr(b"flush_all\r\n", STRICT).ending


def test_theMostThatALineMayHaveIsTheSameHoweverItComes():
    """A line of the full length is read, and one byte more ends the connection."""
    pool = Pool(SMALL)
    full = b"get " + b"k " * ((pool.grammar.maxLine - 4) // 2)
    pool.send([full + b"\r", b"\n"])
    assert not pool.replies.ending
    assert sum(map(len, pool.takeAll())) > 0
    for pieces in ([full + b"k\r\n"], [full + b"k\r", b"\n"], [full + b"kk"]):
        for settings, told in ((SMALL, c.LINE_TOO_LONG), (STRICT, b"")):
            pool = Pool(settings)
            pool.send(pieces)
            assert pool.replies.ending
            assert pool.outcome().received == told


def test_aShortLineThatIsNoGetMayHave2047Bytes():
    """Memcached closes over a longer one if it sees its CR before the LF."""
    assert tr(b"mg k " + b"v" * 2042 + b"\r\n").received != c.LINE_TOO_LONG


def test_quitDropsWhatFollowsAndIsNobodysFault():
    """What was asked before is answered, then the connection ends."""
    outcome = tr(b"get k\r\nquit\r\nget l\r\n", servers=1)
    assert outcome.sent == (b"get k\r\n",)
    assert outcome.received.endswith(b"END\r\n")
    assert outcome.ending
    assert not outcome.fault


def test_theProxyAnswersForItselfInTurn():
    """mn, stats and verbosity cost no server a byte, and wait for the replies before them."""
    pool = Pool(servers=1)
    pool.send([b"get k\r\nmn\r\nstats\r\nstats servers\r\nverbosity 1\r\nverbosity 1 noreply\r\n"])
    assert pool.replies.take() == b""
    assert pool.outcome().received.split(b"END\r\n", 1)[1] == (
        b"MN\r\n"
        b"STAT about pool\r\nSTAT name caf\xc3\xa9\r\nEND\r\n"
        b"STAT about servers\r\nSTAT name caf\xc3\xa9\r\nEND\r\n"
        b"OK\r\n"
    )


def test_statisticsOfAServersMemoryAreAnEmptyList():
    """Clients that ask for items or slabs at once get none, where an error would stop them."""
    outcome = tr(b"stats items\r\nstats slabs\r\nstats settings\r\n", Settings())
    assert outcome.received == b"END\r\n" * 3
    assert not any(outcome.sent)


def test_flushAllNamesTheSettingThatAllowsIt():
    """By default a client of one pool cannot empty it; in silence, if it asked for silence."""
    outcome = tr(b"flush_all\r\nflush_all noreply\r\nmn\r\n", Settings())
    assert outcome.sent == (b"", b"", b"")
    assert outcome.received == c.NO_FLUSH + b"MN\r\n"
    assert b"flush_all: true" in c.NO_FLUSH


def test_everyShapeOfTheTableIsRead():
    """Each shape has its reader, and each command a shape and a line of documentation."""
    assert set(SHAPES) == set(Shape)
    assert {command.shape for command in COMMANDS.values()} == set(Shape)
    assert all(command.about for command in COMMANDS.values())
