"""C{nutproxy plan}: what moves, for made-up keys and for real ones."""

from __future__ import annotations

import builtins

import pytest

from nuttwist.commands.keyvectors import CHUNK, madeUp
from tests.unit.commands.asking import poolText

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def two(ask):
    """A pool before and after a fourth server."""
    return ask.file(poolText("cache", "a b c"), "old"), ask.file(
        poolText("cache", "a b c d"), "new"
    )


def test_sameFileMovesNothing(ask, two):
    """Between a file and itself every key stays."""
    told = ask("plan", two[0], two[0], "--keys", "5000")
    assert told.answer.startswith("pool cache: 0 of 5000 keys move, 0.00%\n")


def test_newServerTakesItsShare(ask, two):
    """With ketama a fourth server gets about a quarter, and all that moves goes to it."""
    (pool,) = ask("plan", *two, "--keys", "20000", "--json").json["pools"]
    assert pool["keys"] == 20000
    assert pool["share"] == pytest.approx(0.25, abs=0.08)
    assert {move["to"] for move in pool["moves"]} == {"d"}
    assert sum(move["keys"] for move in pool["moves"]) == pool["moved"]
    (new,) = [each for each in pool["servers"] if each["server"] == "d"]
    assert (new["before"], new["kept"], new["after"]) == (0, 0, pool["moved"])


def test_numbersAddUp(ask, two):
    """Before and after, the servers have all keys between them, and keep what does not move."""
    (pool,) = ask("plan", *two, "--keys", "20001", "--json").json["pools"]
    servers = pool["servers"]
    assert sum(each["before"] for each in servers) == 20001
    assert sum(each["after"] for each in servers) == 20001
    assert sum(each["kept"] for each in servers) == 20001 - pool["moved"]


def test_seedDecidesTheKeys(ask, two):
    """The same seed gives the same answer to the letter, another one another."""
    first, again, other = (
        ask("plan", *two, "--keys", "3000", "--seed", seed).answer for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other


def test_madeUpKeysComeInChunks():
    """As many keys as asked for, no two alike, whatever the size of a chunk."""
    chunks = list(madeUp(CHUNK + 5, 1))
    assert [len(each) for each in chunks] == [CHUNK, 5]
    assert len({key for chunk in chunks for key in chunk}) == CHUNK + 5


def test_keysOfAFileAreUsed(ask, two):
    """One key a line, in any line ends; empty lines are none."""
    keys = ask.file("one\r\n\ntwo\nthree", "keys")
    (pool,) = ask("plan", *two, "--keys-file", keys, "--json").json["pools"]
    assert pool["keys"] == 3


def test_movedAddressIsAMoveOfAllItsKeys(ask):
    """A server that keeps its name and goes elsewhere starts empty."""
    old = ask.file(poolText("cache", "a b", "distribution: modula"), "old")
    new = ask.file(old.read_text().replace("11212", "11299"), "new")
    (pool,) = ask("plan", old, new, "--json").json["pools"]
    assert [(move["from"], move["to"]) for move in pool["moves"]] == [("b", "b")]
    assert pool["share"] == pytest.approx(0.5, abs=0.02)


def test_renamedServerKeepsItsPlace(ask):
    """What listens at an address is one server, whatever it is called."""
    old = ask.file(poolText("cache", "a b", "distribution: modula"), "old")
    new = ask.file(poolText("cache", "a c", "distribution: modula"), "new")
    (pool,) = ask("plan", old, new, "--json").json["pools"]
    assert pool["moved"] == 0


def test_otherHashMovesByItself(ask):
    """A change of the hash alone moves keys between the same servers."""
    old = ask.file(poolText("cache", "a b"), "old")
    new = ask.file(poolText("cache", "a b", "hash: md5"), "new")
    (pool,) = ask("plan", old, new, "--json").json["pools"]
    assert pool["share"] == pytest.approx(0.5, abs=0.1)


def test_poolsOfOneFileOnlyAreListed(ask):
    """A pool that is added, one that is removed and one by chance have no keys to move."""
    chance = poolText("dice", "x y", "distribution: random", port=22122)
    old = ask.file(chance + poolText("gone", port=22123), "old")
    new = ask.file(chance + poolText("come", port=22123), "new")
    told = ask("plan", old, new, "--json").json
    assert told == {"pools": [], "random": ["dice"], "added": ["come"], "removed": ["gone"]}
    assert ask("plan", old, new).answer.splitlines() == [
        "pool dice: distribution random, so no key has a server of its own",
        "pool come: only in the new file",
        "pool gone: only in the old file",
    ]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--keys", "0"], 2, "argument --keys: '0' is not a whole number from 1 to 1000000000"),
        (["--seed", "x"], 2, "argument --seed: 'x' is not a whole number from 0 to 2147483647"),
        (["--keys-file", "/nosuch"], 1, "--keys-file: '/nosuch' cannot be read: No such file or"),
        (["--keys-file", "/dev/null"], 1, "--keys-file: '/dev/null' has no keys"),
        (["--png", "/nosuch/x.png"], 1, "--png: cannot write '/nosuch/x.png': No such file or"),
        (["--keys", "5", "--keys-file", "x"], 2, "not allowed with argument --keys"),
    ],
)
def test_mistakeIsOneLine(ask, two, words, status, said):
    """The argument, the value and what is allowed are named."""
    told = ask("plan", *two, *words)
    assert (told.status, told.notes.count("\n")) == (status, 1)
    assert said in told.notes


@pytest.mark.parametrize("words", [["plan", "old", "new"], ["ring", "old"]])
@pytest.mark.usefixtures("two")
def test_pictureIsDrawn(ask, words, monkeypatch):
    """--png leaves a picture in the file and says so."""
    monkeypatch.chdir(ask.folder)
    told = ask(*words, "--png", "out.png")
    assert told.notes == f"nutproxy {words[0]}: drawn into out.png\n"
    assert (ask.folder / "out.png").read_bytes().startswith(PNG)


def test_missingMatplotlibIsSaid(ask, two, monkeypatch):
    """Without matplotlib there is one line that says how to get it."""
    usual = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return usual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    told = ask("ring", two[0], "--png", ask.folder / "x.png")
    assert (told.status, told.notes.count("\n")) == (1, 1)
    assert "pip install 'nuttwist[charts]'" in told.notes
