"""C{nutproxy check}: mistakes, warnings, and the verdict."""

from __future__ import annotations

import pytest

from tests.unit.commands.asking import poolText

QUIET = "timeout: 400"


def test_fileWithoutFaultIsFine(ask):
    """The verdict is all there is to say, and the status is 0."""
    path = ask.file(poolText("cache", "a b", QUIET))
    told = ask("check", path)
    assert (told.status, told.answer, told.notes) == (
        0,
        f"{path}: 1 pool, no mistakes, no warnings\n",
        "",
    )


def test_everyMistakeHasItsPlace(ask):
    """Each mistake is a line with file, line and column; a verdict follows, with status 1."""
    path = ask.file(poolText("cache", "a b", "hash: nosuch", "timeout: soon"))
    told = ask("check", path)
    first, second, verdict = told.answer.splitlines()
    assert told.status == 1
    assert first.startswith(f"{path}:3:9: pool 'cache': hash: saw 'nosuch', allowed: one of ")
    assert second.startswith(f"{path}:4:12: pool 'cache': timeout: saw 'soon', allowed: ")
    assert verdict == f"{path}: 2 mistakes"


def test_fileThatCannotBeReadIsAMistake(ask):
    """The system's reason is given, with status 1."""
    told = ask("check", ask.folder / "nosuch")
    assert told.status == 1
    assert "No such file or directory, allowed: a file that can be read\n" in told.answer


def test_mistakesInJsonHaveEveryPart(ask):
    """A program gets line, column, pool, key and value apart."""
    path = ask.file(poolText("cache", "a b", "hash: nosuch"))
    told = ask("check", path, "--json")
    (mistake,) = told.json["mistakes"]
    assert told.status == 1
    assert (mistake["line"], mistake["column"]) == (3, 9)
    assert (mistake["pool"], mistake["key"], mistake["value"]) == ("cache", "hash", "nosuch")


@pytest.mark.parametrize(
    ("servers", "keys", "line", "told"),
    [
        ("a b", ["hash: md5"], 1, "timeout: warning: none"),
        ("a", [QUIET, "auto_eject_hosts: true"], 4, "auto_eject_hosts: warning: true with one"),
        (
            "a b",
            [QUIET, "distribution: modula", "auto_eject_hosts: true"],
            5,
            "auto_eject_hosts: warning: true with distribution modula",
        ),
        (
            "a b",
            [QUIET, "redis: true", "auto_eject_hosts: true"],
            5,
            "auto_eject_hosts: warning: true in a redis pool",
        ),
        ("a b", [QUIET, 'hash_tag: "{{"'], 4, "hash_tag: warning: '{{' is not a bracket"),
        ("a b", [QUIET, 'hash_tag: "{]"'], 4, "hash_tag: warning: '{]' is not a bracket"),
        ("a b", [QUIET, 'hash_tag: "}{"'], 4, "hash_tag: warning: '}{' is not a bracket"),
        ("a b", [QUIET, "hash: crc32"], 4, "hash: warning: 15 bits only"),
        ("a b", [QUIET, "distribution: random"], 4, "distribution: warning: random, so a key"),
        ("a*100000 b", [QUIET], 4, "servers: warning: 'b' has too little weight for any key"),
        ("a b", [QUIET, "redis_db: 2"], 4, "redis_db: warning: of no effect in a memcached pool"),
        (
            "a b",
            [QUIET, "redis: true", "partial_results: true"],
            5,
            "partial_results: warning: of no effect in a redis pool",
        ),
    ],
)
def test_unwiseSettingIsAWarning(ask, servers, keys, line, told):
    """The line of the key is named with what is to be feared, and the status stays 0."""
    path = ask.file(poolText("cache", servers, *keys))
    answer = ask("check", path)
    warning, verdict = answer.answer.splitlines()
    assert warning.startswith(f"{path}:{line}:")
    assert f"pool 'cache': {told}" in warning
    assert (answer.status, verdict) == (0, f"{path}: 1 pool, no mistakes, 1 warning")


@pytest.mark.parametrize("keys", [["on_failure: fail"], ["on_failure: fail", "redis: true"]])
def test_ejectionThatMovesNoKeyIsNoWarning(ask, keys):
    """Where nobody takes over, nothing is moved and nothing divided."""
    path = ask.file(poolText("cache", "a b", QUIET, "distribution: modula", *keys))
    assert "no warnings" in ask("check", path).answer


@pytest.mark.parametrize("tag", ["{}", "[]", "()", "<>", "$$", "::"])
def test_usualHashTagIsNoWarning(ask, tag):
    """Brackets with their counterparts and marks that are no brackets are as they should be."""
    path = ask.file(poolText("cache", "a b", QUIET, f'hash_tag: "{tag}"'))
    assert "no warnings" in ask("check", path).answer


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("127.0.0.1:11211:1 z", "one server under several names: 127.0.0.1:11211 as a and z"),
        ("127.0.0.1:22121:1 z", "'z' is this pool's own listener, so requests go in a circle"),
    ],
)
def test_oddServerIsAWarning(ask, server, told):
    """A server that is there twice, and one that is the pool itself, are pointed out."""
    path = ask.file(poolText("cache", "a b", QUIET) + f"    - {server}\n")
    assert told in ask("check", path).answer


def test_poolsWithTheSameServersAreAWarning(ask):
    """The second pool is named, with the first."""
    two = poolText("cache", "a b", QUIET) + poolText("other", "x y", QUIET, port=22122)
    told = ask("check", ask.file(two))
    assert "pool 'other': servers: warning: the same as in pool 'cache'" in told.answer


def test_warningsCountWhenStrict(ask):
    """With --strict a warning is enough for status 1."""
    path = ask.file(poolText("cache", "a b"))
    assert (ask("check", path).status, ask("check", path, "--strict").status) == (0, 1)


def test_namesThatCannotBePrintedAreEscaped(ask):
    """A control character in a name reaches no terminal."""
    told = ask("check", ask.file(poolText('"a\\e[2Jb"')))
    assert "\x1b" not in told.answer
