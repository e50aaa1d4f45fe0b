"""Finding the keys in a command's arguments."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.keys import BadArguments, integer
from tests.unit.wire.redis.recorded import arguments, keysOf, recorded, refusal

LINES = recorded("getkeys.json")
NO_KEYS = "-ERR The command has no key arguments"
BAD = "-ERR Invalid arguments specified for command"
#: A server cannot name the keys of a PFMERGE without a source, but runs it; and where a key
#: should be it takes the word that says from which end to pop.
OTHERWISE = {("pfmerge", "a"): ["a"], ("lmpop", "2", "a", "left"): BAD}
#: A channel is routed like a key.
CHANNELS = {("publish", "a", "b"): ["a"], ("spublish", "a", "b"): ["a"]}


@pytest.mark.parametrize(("words", "answer"), LINES, ids=[" ".join(line) for line, _ in LINES])
def test_keysAreThoseThatAServerNames(words, answer):
    """Each recorded COMMAND GETKEYS names the same keys in the same order, or refuses as we do."""
    expected = (OTHERWISE | CHANNELS).get(tuple(words), answer)
    if expected == BAD:
        with pytest.raises(BadArguments):
            keysOf(arguments(words))
    else:
        found = keysOf(arguments(words))
        assert found == ([] if expected == NO_KEYS else arguments(expected))


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (b"sort k STORE by STORE z", [b"k", b"z"]),
        (b"georadius k 1 2 3 m STORE a STOREDIST b", [b"k", b"b"]),
        (b"sort k STORE", [b"k"]),
    ],
)
def test_lastOfSeveralDestinationsIsTheOneThatIsWritten(line, keys):
    """As the commands do it, which is not what COMMAND GETKEYS says of them."""
    assert keysOf(line.split()) == keys


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (b"XREAD COUNT streams STREAMS a b c 1-1 2-2 $", [b"a", b"b", b"c"]),
        (b"xreadgroup noack group g streams streams a >", [b"a"]),
        (b"sort k BY store GET store", [b"k"]),
    ],
)
def test_wordIsNoOptionWhereAnotherOptionHasItsValue(line, keys):
    """As the commands read them, which is not how COMMAND GETKEYS does."""
    assert keysOf(line.split()) == keys


@pytest.mark.parametrize(
    "line", [b"eval s 0", b"fcall f 0 a b", b"object help", b"dbsize", b"ping", b"script load x"]
)
def test_commandWithoutAKeyHasNone(line):
    """No index is found where there is no key."""
    assert keysOf(line.split()) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"fcall f x", b"ERR Bad number of keys provided"),
        (b"fcall f -1", b"ERR Number of keys can't be negative"),
        (b"fcall_ro f 2 a", b"ERR Number of keys can't be greater than number of args"),
    ],
)
def test_functionCallIsRefusedAsForAFunctionThatExists(line, text):
    """The count of keys is looked at though nobody knows the function."""
    assert refusal(line.split()) == text


def test_badArgumentsSayWhatIsWrong():
    """The error carries redis's text, also as its message."""
    with pytest.raises(BadArguments, match="syntax error") as caught:
        keysOf(b"xread count 1 2".split())
    assert caught.value.text == b"ERR syntax error"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"0", 0),
        (b"-1", -1),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", None),
        (b"1" * 100_000, None),
        (b"-0", None),
        (b"+1", None),
        (b"01", None),
        (b" 1", None),
        (b"1\n", None),
        (b"1_0", None),
        (b"", None),
        (b"x", None),
    ],
)
def test_integersAreReadAsRedisReadsThem(text, number):
    """Sixty-four bits, one spelling for each number, and no work for long ones."""
    assert integer(text) == number
