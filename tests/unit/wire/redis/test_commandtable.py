"""The table of redis commands."""

from __future__ import annotations

import json

import pytest

from nuttwist.wire.redis.commandtable import COMMANDS, Route, find, wrongArity
from nuttwist.wire.redis.keys import RULES
from nuttwist.wire.redis.routes import NOTES, ROUTES
from tests.unit.wire.redis.recorded import DATA, arguments, recorded, refusal
from tools.redisreference import REFERENCE, reference

REFUSALS = recorded("refusals.json")
TWEMPROXY = {
    name.encode(): row
    for name, row in json.loads((DATA / "twemproxy-commands.json").read_text()).items()
    if not name.startswith("_")
}
FORWARDED = [n for n, row in TWEMPROXY.items() if row["supported"] and row["key_pos"] is not None]

SPLITS = {"mget": Route.MGET, "mset": Route.MSET, "sum": Route.SUM, "none": Route.KEYED}

#: twemproxy hashes their first argument, which is the number of keys.
BY_NUMBER_OF_KEYS = {b"zdiff", b"zinter", b"zunion"}
#: twemproxy sends all its keys to the server of the first and counts too little.
NOT_SPLIT_THERE = {b"exists"}
#: twemproxy closes the connection, in the place of an error that names the command.
REFUSED_THERE = {b"move"}


def someRequest(name: bytes) -> list[bytes]:
    """A request with enough arguments; each may be taken for a key or for how many there are."""
    arity = COMMANDS[name].arity
    return [name, *[b"1"] * (arity - 1 if arity > 0 else 8)]


@pytest.mark.parametrize(("words", "answer"), REFUSALS, ids=range(len(REFUSALS)))
def test_wrongRequestIsRefusedInTheWordsOfAServer(words, answer):
    """Unknown names, wrong numbers of arguments and keys that cannot be told: same text."""
    assert refusal(arguments(words)) == answer.removeprefix("-").encode("latin-1")


@pytest.mark.parametrize("line", [b"get a", b"GET a", b"mget a b c", b"Object Encoding a", b"ping"])
def test_rightRequestIsNotRefused(line):
    """Any case of the name, and as many arguments as there may be."""
    assert refusal(line.split()) is None


def test_everyCommandOfAServerIsInTheTable():
    """All of redis 7.0, and the four rows that are ours."""
    assert len(COMMANDS) == 366 + 4
    assert sum(b"|" not in name for name in COMMANDS) == 240


def test_everyNameInTheRoutesIsACommand():
    """No route, rule or note is for a name that nobody can send."""
    assert set(ROUTES) | set(RULES) | set(NOTES) <= set(COMMANDS)


def test_whatGoesByItsKeysHasKeys():
    """A command that is not listed with a route names keys, and a row that has keys uses them."""
    byKeys = {Route.KEYED, Route.MGET, Route.MSET, Route.SUM, Route.UNSUPPORTED}
    for command in COMMANDS.values():
        assert bool(command.where) or command.route is not Route.KEYED, command.name
        assert not command.where or command.route in byKeys, command.name


def test_oneKeyAtAFixedPlaceIsKnownBeforehand():
    """What need not be searched for is the place that a search finds."""
    places = {command.onlyKey for command in COMMANDS.values()}
    assert places == {0, 1, 2, 3}
    for command in COMMANDS.values():
        if command.onlyKey:
            assert list(command.keys([b"1"] * 9)) == [command.onlyKey]
    assert COMMANDS[b"sort"].onlyKey == COMMANDS[b"mget"].onlyKey == COMMANDS[b"ping"].onlyKey == 0


def test_commandsThatWaitOnAServerAreRefused():
    """The server's flag says which; a stream may be read as long as nobody waits."""
    waiting = {name for name, command in COMMANDS.items() if "blocking" in command.flags}
    routed = {name for name in waiting if COMMANDS[name].route is not Route.UNSUPPORTED}
    assert routed == {b"xread", b"xreadgroup"}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"xread BLOCK 0 streams a $", b"xread|block"),
        (b"XREAD count 1 block 5 STREAMS a $", b"xread|block"),
        (b"xread count 1 streams block 0", b"xread"),
        (b"xread count block streams a 0", b"xread"),
        (b"xread nosuch block 0 streams a 0", b"xread"),
        (b"xread count 1", b"xread"),
        (b"xread", b"xread"),
        (b"xreadgroup group block block noack streams a >", b"xreadgroup"),
        (b"xreadgroup group g c BLOCK 1 streams a >", b"xreadgroup|block"),
    ],
)
def test_streamReadThatWaitsIsARowOfItsOwn(line, name):
    """BLOCK counts where an option stands, and nowhere else."""
    found = find(line.split())
    assert found is COMMANDS[name]
    assert (found.route is Route.UNSUPPORTED) == name.endswith(b"block")


@pytest.mark.parametrize(
    ("line", "route"),
    [
        (b"command", Route.LOCAL),
        (b"COMMAND Docs get", Route.LOCAL),
        (b"command getkeys get a", Route.LOCAL),
        (b"config GET x", Route.LOCAL),
        (b"config set x y", Route.UNSUPPORTED),
        (b"client setinfo lib-name x", Route.LOCAL),
        (b"client kill x", Route.UNSUPPORTED),
        (b"script load x", Route.EVERYWHERE),
        (b"script kill", Route.UNSUPPORTED),
        (b"function list", Route.ANY),
        (b"memory usage a", Route.KEYED),
        (b"memory doctor", Route.UNSUPPORTED),
        (b"publish a b", Route.KEYED),
        (b"multi", Route.UNSUPPORTED),
    ],
)
def test_requestHasItsRoute(line, route):
    """A subcommand goes its own way; its container's way is for those that are not named."""
    found = find(line.split())
    assert found is not None
    assert found.route is route


def test_serverSaysWhatOnlyReads():
    """The flag is the server's."""
    assert COMMANDS[b"get"].readOnly
    assert COMMANDS[b"eval_ro"].readOnly
    assert not COMMANDS[b"set"].readOnly


def test_everyCommandOfTwemproxyIsRouted():
    """What it supports, we do."""
    refused = {name for name in TWEMPROXY if COMMANDS[name].route is Route.UNSUPPORTED}
    assert refused == REFUSED_THERE
    assert {name for name, row in TWEMPROXY.items() if not row["supported"]} == REFUSED_THERE


def test_commandsWithoutAKeyAreAnswered():
    """twemproxy sends two of them to some server, and what they say there is of no use here."""
    local = {name for name in TWEMPROXY if COMMANDS[name].route is Route.LOCAL}
    assert local == set(TWEMPROXY) - set(FORWARDED) - REFUSED_THERE


@pytest.mark.parametrize("name", sorted(FORWARDED), ids=bytes.decode)
def test_routedKeyIsTwemproxys(name):
    """The key that twemproxy hashes is the first that is found, but for those that it misread."""
    found = COMMANDS[name].keys(someRequest(name))[0]
    assert found == TWEMPROXY[name]["key_pos"] + (name in BY_NUMBER_OF_KEYS)


@pytest.mark.parametrize("name", sorted(FORWARDED), ids=bytes.decode)
def test_splitIsTwemproxys(name):
    """What twemproxy splits is split, and what it counts wrong otherwise."""
    split = SPLITS[TWEMPROXY[name]["fragment_kind"]]
    assert COMMANDS[name].route is (Route.SUM if name in NOT_SPLIT_THERE else split)


@pytest.mark.parametrize("name", sorted(FORWARDED), ids=bytes.decode)
def test_numberOfArgumentsThatTwemproxyTakesIsTaken(name):
    """Where it insists on a number of arguments, that is right here too."""
    row = TWEMPROXY[name]
    if row["min_args"] == row["max_args"]:
        assert wrongArity(COMMANDS[name], [name, *[b"1"] * row["min_args"]]) is None


def test_pageIsWhatTheTableSays():
    """C{python -m tools.redisreference} would change nothing."""
    assert REFERENCE.read_text() == reference()
