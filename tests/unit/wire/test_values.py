"""Requests that carry a value: it is stored, or skipped, and never taken for a command."""

from __future__ import annotations

import pytest

from nuttwist.wire.memcache import commands as c
from nuttwist.wire.memcache.commands import COMMANDS
from nuttwist.wire.memcache.requests import MemcacheRequests
from nuttwist.wire.replyqueue import FIRST
from nuttwist.wire.router import Settings

from .rig import SMALL, STRICT, Pool, tr

EVIL = b"flush_all\r\n"

STORED = [
    b"set k 0 0 9",
    b" set  k 0 0 9 ",
    b"set k 4294967295 -1 9",
    b"set k 0 2147483647 000000000000000000000009",
    b"set k 1234567890 1234567890 9",
    b"set noreply 0 0 9",
    b"add k 0 0 9",
    b"replace k 0 0 9",
    b"append k 0 0 9",
    b"prepend k 0 0 9",
    b"cas k 0 0 9 18446744073709551615",
    b"ms k 9",
    b"ms k 9 T0 F1 I",
    b"ms YQ== 9 b",
    b"ms k 9 " + b" ".join([b"O"] * 16),
]

SKIPPED = [
    (b"set k 0 0 9 x noreply", c.ERROR),
    (b"set k x 0 9", c.BAD_FORMAT),
    (b"set k -1 0 9", c.BAD_FORMAT),
    (b"set k 4294967296 0 9", c.BAD_FORMAT),
    (b"set k 0 9223372036854775808 9", c.BAD_FORMAT),
    (b"set k 0 x 9", c.BAD_FORMAT),
    (b"set k\0 0 0 9", c.BAD_FORMAT),
    (b"set " + b"k" * 251 + b" 0 0 9", c.BAD_FORMAT),
    (b"cas k 0 0 9", c.ERROR),
    (b"cas k 0 0 9 x", c.BAD_FORMAT),
    (b"cas k 0 0 9 18446744073709551616", c.BAD_FORMAT),
    (b"cas k 0 0 9 1 junk junk", c.ERROR),
    (b"ms k 9 \0", c.BAD_FORMAT),
    (b"ms !!! 9 b", c.BAD_BASE64),
    (b"ms !!! 9 bx", c.BAD_BASE64),
    (b"ms k 9 " + b" ".join([b"O"] * 17), c.TOO_MANY_FLAGS),
    (b"set " + b"k" * 3000 + b" 0 0 9", c.LINE_TOO_LONG),
    (b"set k 0 0 9" + b" " * 3000, c.LINE_TOO_LONG),
    (b"ms " + b"k" * 3000 + b" 9", c.LINE_TOO_LONG),
]

SKIPPED_SILENTLY = [
    b"set k x 0 9 noreply",
    b"set k\0 0 0 9 noreply",
    b"cas k 0 0 9 noreply",
    b"cas k 0 0 9 x noreply",
    b"set " + b"k" * 3000 + b" 0 0 9 noreply",
]

NO_SIZE = [
    (b"set", c.ERROR),
    (b"set k", c.ERROR),
    (b"set k 0 0", c.ERROR),
    (b"set k 0 0 x", c.BAD_FORMAT),
    (b"set k 0 0 -1", c.BAD_FORMAT),
    (b"set k 0 0 noreply", b""),
    (b"set k 0 0 x noreply", b""),
    (b"ms", c.ERROR),
    (b"ms k", c.BAD_FORMAT),
    (b"ms k x", c.BAD_FORMAT),
    (b"ms k -1", c.BAD_FORMAT),
    (b"set k 0 0 " + b"9" * 5000, c.LINE_TOO_LONG),
    (b"ms k " + b"9" * 5000, c.LINE_TOO_LONG),
]


def name(case):
    """What to call a case in the report of the tests."""
    return repr(case[:30]) if isinstance(case, bytes) and len(case) < 60 else ""


@pytest.mark.parametrize("line", STORED, ids=name)
def test_aStorageRequestGoesToTheServerWholeAndByteForByte(line):
    """The value may hold anything, also line ends and commands."""
    data = line + b"\r\nflush_all\r\n"
    outcome = tr(data, servers=1)
    assert outcome.sent == (data,)
    assert outcome.received == (b"HD\r\n" if line.startswith(b"ms ") else b"STORED\r\n")


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (b"set k 0 0 9 junk", b"set k 0 0 9"),
        (b"cas k 0 0 9 1 junk", b"cas k 0 0 9 1"),
        (b"set k 0 4294967295 9", b"set k 0 2147483647 9"),
        (b"set k 0 -9223372036854775808 9", b"set k 0 -2147483648 9"),
    ],
)
def test_whatEveryReleaseReadsIsSent(line, sent):
    """A word that memcached does not look at, and times of 64 bits, are taken."""
    outcome = tr(line + b"\r\nflush_all\r\n", servers=1)
    assert outcome.sent == (sent + b"\r\nflush_all\r\n",)
    assert outcome.received == b"STORED\r\n"


@pytest.mark.parametrize("verb", ["set", "add", "replace", "append", "prepend"])
def test_aStorageRequestWithNoreplyIsOwedNothing(verb):
    """It is sent whole, and only the next request is answered."""
    data = verb.encode() + b" k 0 0 9 noreply\r\nflush_all\r\n"
    outcome = tr(data + b"mn\r\n", servers=1)
    assert outcome.sent == (data,)
    assert outcome.received == b"MN\r\n"


@pytest.mark.parametrize(("line", "error"), SKIPPED, ids=name)
def test_theValueOfARefusedLineIsSkipped(line, error):
    """The line says how long its value is, so no byte of it is taken for a command."""
    outcome = tr(line + b"\r\n" + EVIL + b"mn\r\n")
    assert outcome.received == error + b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


@pytest.mark.parametrize("line", SKIPPED_SILENTLY, ids=name)
def test_theValueOfALineRefusedInSilenceIsSkippedToo(line):
    """With noreply there is no error either."""
    outcome = tr(line + b"\r\n" + EVIL + b"mn\r\n")
    assert outcome.received == b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


@pytest.mark.parametrize(("line", "error"), NO_SIZE, ids=name)
def test_aLineThatTellsNoSizeIsRefusedAlone(line, error):
    """Nothing can be skipped, and the next line is a command, as with memcached itself."""
    outcome = tr(line + b"\r\nmn\r\n")
    assert outcome.received == error + b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


@pytest.mark.parametrize("verb", [b"set k 0 0 ", b"ms k "])
def test_aValueOverTheLimitIsSwallowedAndTheConnectionStaysInStep(verb):
    """The largest allowed value passes; one byte more is refused, and so it is when strict."""
    for settings in (SMALL, STRICT):
        fits = verb + b"64\r\n" + EVIL * 5 + b"nine byte\r\n"
        assert tr(fits, settings, servers=1).sent == (fits,)
        outcome = tr(verb + b"65\r\n" + EVIL * 5 + b"ten bytes.\r\nmn\r\n", settings)
        assert outcome.received == c.TOO_LARGE + b"MN\r\n"
        dropped = [b"delete k noreply\r\n"] if verb == b"set k 0 0 " and settings is SMALL else []
        assert list(filter(None, outcome.sent)) == dropped
        assert not outcome.ending


@pytest.mark.parametrize("line", [b"set k 0 0 65", b"  set  k 0 0 65 ", b"set k 0 0 65 noreply"])
def test_aSetOverTheLimitDropsTheOldItem(line):
    """As memcached does, so that no client reads what it believes to be overwritten."""
    outcome = tr(line + b"\r\n" + b"x" * 65 + b"\r\nmn\r\n", SMALL, servers=1)
    assert outcome.sent == (b"delete k noreply\r\n",)
    assert outcome.received == (b"" if b"noreply" in line else c.TOO_LARGE) + b"MN\r\n"


@pytest.mark.parametrize("size", [2**31 - 2, 2**32 + 9, 10**30, 10**2000])
@pytest.mark.parametrize("limit", [64, 2**40])
@pytest.mark.parametrize("line", [b"set k 0 0 %d", b"ms k %d"])
def test_aLengthThatMemcachedRefusesHasNoValueBehindIt(line, size, limit):
    """The line is sent nowhere, and the next command is answered, as by memcached."""
    pool = Pool(Settings(item_size_max=limit))
    pool.send([line % size + b"\r\nmn\r\n"])
    outcome = pool.outcome()
    assert outcome.received == c.BAD_FORMAT + b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


@pytest.mark.parametrize("size", [65, 2**31 - 3])
def test_aValueOverTheLimitIsSkippedForAsLongAsItLasts(size):
    """No byte of it is taken for a command."""
    pool = Pool(Settings(item_size_max=64))
    pool.send([b"add k 0 0 %d\r\n" % size, EVIL * 6])
    outcome = pool.outcome()
    assert (outcome.received, outcome.sent) == (c.TOO_LARGE, (b"", b"", b""))


def test_aValueOverTheLimitWithNoreplyIsSwallowedInSilence():
    """The client's next reply is that of its next request."""
    outcome = tr(b"set k 0 0 65 noreply\r\n" + b"x" * 65 + b"\r\nmn\r\n")
    assert outcome.received == b"MN\r\n"


@pytest.mark.parametrize("line", [b"set k 0 0 9", b"ms k 9", b"ms k 9 q"])
def test_aValueOfAnotherLengthThanAnnouncedIsRefused(line):
    """As many bytes as announced are gone, the server sees none, and the next line is read."""
    outcome = tr(line + b"\r\nflush_all++mn\r\n")
    assert outcome.received == c.BAD_CHUNK + b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


def test_aBadValueWithNoreplyIsDroppedInSilence():
    """As memcached does it."""
    outcome = tr(b"set k 0 0 9 noreply\r\nflush_all++mn\r\n")
    assert outcome.received == b"MN\r\n"
    assert outcome.sent == (b"", b"", b"")


def test_aStrictPoolHangsUpOverABadValue():
    """As twemproxy does, but after the replies that are owed."""
    outcome = tr(b"mn\r\nset k 0 0 9\r\nflush_all++get k\r\n", STRICT)
    assert outcome.received == b"MN\r\n"
    assert outcome.ending
    assert outcome.sent == (b"", b"", b"")


def test_aValueIsRoutedWhenItIsWhole():
    """A server that was ejected while the value came in does not get it."""
    pool = Pool(servers=2)
    key = next(b"%d" % each for each in range(9) if pool.router.route(b"%d" % each).rank == 1)
    pool.send([b"add %s 0 0 4\r\nva" % key])
    pool.router.pipelines = pool.router.pipelines[:1]
    pool.router.routes.clear()
    pool.send([b"l1\r\n"])
    assert pool.takeAll() == (b"add %s 0 0 4\r\nval1\r\n" % key,)


def test_bulkTakesWhatIsOrdinaryAndLeavesTheRestWhole():
    """The fast path ends at the first byte of a line, whatever it could not take."""
    ordinary = b"get k\r\nset k 0 0 1\r\nx\r\n"
    for rest in (
        b"",
        b"get",
        b"get k \r\n",
        b"get k l\tm\r\n",
        b"gets k\r\n",
        b"set k 0 0\r\n",
        b"set k 0 x 1\r\nx\r\n",
        b"set k 0 0 1234567890\r\nx\r\n",
        b"set k 0 0 1\r\n",
        b"set k 0 0 1\r\nx\r",
        b"set k 0 0 1\r\nxxx",
        b"set k 0 0 65\r\n" + b"x" * 65 + b"\r\n",
        b"get l\tm\r\n",
    ):
        pool = Pool(servers=1)
        assert pool.grammar.bulk(b"??" + ordinary + rest, 2) == 2 + len(ordinary)
        assert pool.takeAll() == (ordinary,)
        assert pool.router.pipelines[0].sink.woken == 1


def test_aClientThatIsOwedMuchIsNotReadFurther():
    """Of a long pipeline so many requests are taken as may be outstanding, and the rest stays."""
    pool = Pool(servers=1)
    assert pool.grammar.bulk(b"get k\r\n" * 2 * FIRST, 0) == len(b"get k\r\n") * FIRST
    assert len(pool.replies.waiting) == FIRST


def test_everyStorageCommandOfTheTableIsTriedHere():
    """A new command with a value needs its cases."""
    tried = {line.split()[0] for line in STORED}
    shapes = {COMMANDS[verb].shape for verb in tried}
    assert tried == {verb for verb, command in COMMANDS.items() if command.shape in shapes}


def test_aReaderStartsWithNothingHeldBack():
    """A new client feeds no crowded pipeline."""
    assert isinstance(Pool().grammar, MemcacheRequests)
    assert Pool().grammar.feeding is None
