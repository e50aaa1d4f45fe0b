"""What an operator is told about a wrong file: place, pool, key, value and rule."""

from __future__ import annotations

import os

import pytest

from nuttwist.config.file import ConfigError, loadConfig, parseConfig
from tests.unit.config.yamltext import SERVER, messageAbout, mistakesIn, poolText

PORT = "a whole number from 1 to 65535"
SERVER_FORM = "'host:port:weight [name]' or '/path:weight [name]'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (poolText("timeout: 4s"), "conf.yml:3:12: pool 'p': timeout: saw '4s', allowed: "),
        (poolText("redis:   Yes"), "conf.yml:3:12: pool 'p': redis: saw 'Yes', allowed: true or "),
        (poolText("hash: md4"), "3:9: pool 'p': hash: saw 'md4', allowed: one of one_at_a_time, "),
        (
            f"p:\n  listen: /s\n  servers: ['{SERVER}']\n",
            "conf.yml:3:12: a list or mapping in brackets or braces, allowed: one key or one '- ",
        ),
        (poolText("hash_tag: '{}}'"), "saw '{}}', allowed: exactly two bytes, such as '{}' in "),
        (poolText("backlog: 2147483648"), "saw '2147483648', allowed: a whole number from 0 to "),
        (poolText("backlog: " + "9" * 5000), "allowed: a whole number from 0 to 2147483647"),
        (poolText("redis_auth: secret"), "saw a value that is not shown, allowed: only in a pool"),
        (poolText("item_size_max: 0"), "saw '0', allowed: a whole number from 1 to 2147483647 by"),
        (poolText("on_unsupported: drop"), "saw 'drop', allowed: one of error, close"),
        (poolText("time_out: 4"), "3:3: pool 'p': time_out: unknown key, did you mean 'timeout'?"),
        (poolText("REDIS: true"), "REDIS: unknown key, did you mean 'redis'?, allowed: listen, "),
        (poolText("xyz: 1"), "3:3: pool 'p': xyz: unknown key, allowed: listen, servers, hash, "),
        (poolText("redis: true", "redis: true"), "4:3: pool 'p': redis: again, first on line 3"),
        (poolText("timeout:", "  - 4"), "conf.yml:4:5: pool 'p': timeout: saw a list, allowed: a"),
        (poolText("hash:", "  a: b"), "conf.yml:4:5: pool 'p': hash: saw a mapping, allowed: one"),
        (poolText("? [a, b]\n  : c").replace("[a, b]", "- a"), "a list in place of a key"),
        (poolText(listen="localhost"), f"'/path [permissions]', port: {PORT}"),
        (poolText(listen="127.0.0.1:0"), "2:11: pool 'p': listen: saw '127.0.0.1:0', allowed: "),
        (poolText(listen="x.invalid:1"), "host: an IPv4 or IPv6 address of this machine or a name"),
        (poolText(listen="/p 0999"), "permissions: an octal number from 0001 to 0777"),
        (poolText(listen="/p -1"), "permissions: an octal number from 0001 to 0777"),
        (poolText(listen="/p 1000"), "permissions: an octal number from 0001 to 0777"),
        (poolText(servers=["h:1"]), f"port: {PORT}"),
        (poolText(servers=["h"]), "weight: a whole number from 1 to 2147483647"),
        (poolText(servers=["h:1:4294967297"]), "weight: a whole number from 1 to 2147483647"),
        (
            poolText(servers=["h:x:1"]),
            f"4:6: pool 'p': servers: saw 'h:x:1', allowed: {SERVER_FORM}, port: {PORT}",
        ),
        (poolText(servers=["h:1:1  n"]), "weight: a whole number from 1 to 2147483647"),
        (poolText(servers=["'h:1:1 '"]), "name: text that is not empty"),
        (poolText(servers=["':1:1'"]), "host: text that is not empty"),
        (poolText(servers=["/a:b:1"]), "path: no colon in it"),
        (poolText(servers=["h: 1"]), "conf.yml:4:6: pool 'p': servers: saw a mapping, allowed: '"),
        (
            poolText(servers=["h:1:1 n", "h:2:1 n"]),
            "saw 'h:2:1 n', allowed: each server name once, 'n' is on line 4",
        ),
        (poolText().replace(f"   - {SERVER}\n", ""), "3:11: pool 'p': servers: saw '', allowed: "),
        ("p:\n  listen: h:1\n", "conf.yml:1:1: pool 'p': servers: missing, allowed: a list with "),
        (f"p:\n  servers:\n  - {SERVER}\n", "1:1: pool 'p': listen: missing, allowed: 'host:port'"),
        ("p: 5\n", "conf.yml:1:4: pool 'p': saw '5', allowed: keys with values on lines of their"),
        ("p:\n- a\n", "conf.yml:2:1: pool 'p': saw a list, allowed: keys with values on lines"),
        ("- a\n", "conf.yml:1:1: no pools, allowed: the name of a pool, then its keys"),
        ("? - a\n: b\n", "conf.yml:1:3: a list or mapping in place of a name, allowed: "),
        ("hello\n", "conf.yml:1:1: no pools, allowed: "),
        ("# nothing\n", "conf.yml:1:1: no pools, allowed: "),
        (poolText(name="''"), "conf.yml:1:1: a pool named '', allowed: text that is not empty"),
        (poolText() + poolText(listen="h:2"), "5:1: pool 'p': a second pool of this name, the fi"),
        (
            poolText() + poolText(name="q"),
            "saw '127.0.0.1:31990', allowed: each address once, pool 'p' (line 1) has this one",
        ),
        ("---\n" + poolText(), "conf.yml:1:1: a document marker or directive, allowed: one docum"),
        ("%YAML 1.1\n---\n" + poolText(), "conf.yml:1:1: a document marker or directive"),
        (poolText() + "...\n", "conf.yml:5:1: a document marker, allowed: one document, that"),
        (poolText("hash: &a md5"), "conf.yml:3:9: an anchor or alias, allowed: the value itself"),
        (poolText("hash: !!str md5"), "conf.yml:3:9: a tag, allowed: the value itself, quotes"),
        (poolText("\ttimeout: 1"), "3:3: while scanning for the next token, found character '\\t'"),
        (poolText(listen="'127.0.0.1:1"), "conf.yml:5:1: while scanning a quoted scalar, found un"),
        (poolText('hash_tag: "\\UFFFFFFFF"'), "a number out of range in an escape or directive"),
        (poolText() + "# \x01", "conf.yml:5:3: the control character '\\x01', allowed: printable"),
        (poolText().encode() + b"# caf\xe9", "conf.yml:5:6: bytes that are not text, allowed: UT"),
        (b"\xff\xfep\x00:\x00\n\x00\x00\xd8", "conf.yml:2:1: bytes that are not text, allowed: U"),
    ],
)
def test_messageTellsPlaceValueAndRule(text, message):
    """One mistake is one line that begins with its place and says what would do instead."""
    found = messageAbout(text)
    assert found.startswith("conf.yml:")
    assert message in found
    assert "\n" not in found
    assert "secret" not in found


def test_everyMistakeIsFoundAtOnceInFileOrder():
    """A file is read to its end, whatever is wrong on the way."""
    first = poolText("timeout: x", "foo: 1", "redis: 1", servers=["h:1:0", SERVER, SERVER])
    second = (
        poolText("hash: a", name="q").replace("  servers:\n", "").replace(f"   - {SERVER}\n", "")
    )
    found = mistakesIn(first + second)
    assert [(mistake.line, mistake.column, mistake.pool, mistake.key) for mistake in found] == [
        (3, 12, "p", "timeout"),
        (4, 3, "p", "foo"),
        (5, 10, "p", "redis"),
        (7, 6, "p", "servers"),
        (9, 6, "p", "servers"),
        (10, 1, "q", "servers"),
        (11, 11, "q", "listen"),
        (12, 9, "q", "hash"),
    ]
    assert [mistake.value for mistake in found][:3] == ["x", None, "1"]


def test_errorIsOneLineAMistake():
    """The text of the exception can be printed as it is."""
    with pytest.raises(ConfigError) as caught:
        parseConfig(poolText("timeout: x", "foo: 1").encode(), "conf.yml")
    assert str(caught.value).splitlines() == [str(each) for each in caught.value.mistakes]
    assert len(caught.value.mistakes) == 2


def test_syntaxErrorHidesNoMistakeBeforeIt():
    """What precedes broken syntax is checked; what it cut off is not said to be missing."""
    found = mistakesIn(poolText("timeout: x", "listening: a: b"))
    assert [(mistake.line, mistake.key) for mistake in found] == [(3, "timeout"), (4, "")]


def test_unquotedBracesSayWhatToQuote():
    """The usual slip with hash_tag leads to both rules: quotes, and two bytes."""
    first, second = map(str, mistakesIn(poolText("hash_tag: {}")))
    assert "3:13: a list or mapping in brackets or braces" in first
    assert "hash_tag: saw a mapping, allowed: exactly two bytes, such as '{}' in quotes" in second


def test_aliasIsNotFollowed():
    """An alias is a mistake, and stands for nothing but its own text."""
    first, second = mistakesIn(poolText("hash: *a"))
    assert first.problem == "an anchor or alias"
    assert second.value == "*a"


def test_emptyListHasNoServers():
    """A list without a server is no list of servers, besides being in brackets."""
    text = poolText().replace(f"servers:\n   - {SERVER}", "servers: []")
    assert "servers: an empty list, allowed: a list with one" in str(mistakesIn(text)[1])


def test_unreadRedisDoesNotMakeAPasswordWrong():
    """A pool that may have been meant as a redis pool is not told to drop its password."""
    found = mistakesIn(poolText("redis: True", "redis_auth: secret"))
    assert [mistake.key for mistake in found] == ["redis"]


def test_passwordIsInNoMistake():
    """A refused password is neither in the message nor in the value."""
    (mistake,) = mistakesIn(poolText("redis_auth: secret"))
    assert "secret" not in repr(mistake)


@pytest.mark.parametrize(("opening", "depth"), [("- ", 5000), ("[", 1200), ("{a: ", 2000)])
def test_deepNestingIsAMistakeOnly(opening, depth):
    """A file nested beyond reason is refused like any other."""
    assert mistakesIn(f"p:\n  servers:\n   {opening * depth}x\n")


def test_unreadableFileIsAMistake(tmp_path):
    """A file that is absent, is a directory or has no possible name is refused in the same way."""
    for path in (tmp_path / "absent.yml", tmp_path):
        with pytest.raises(
            ConfigError, match=r":1:1: .*, allowed: a file that can be read"
        ) as caught:
            loadConfig(str(path))
        assert str(caught.value).startswith(f"{path}:1:1: ")
    with pytest.raises(ConfigError, match="null"):
        loadConfig("a\0b")


def test_pipeWithoutWriterIsEmpty(tmp_path):
    """A pipe that nobody writes to has no pools, and is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no pools"):
        loadConfig(str(tmp_path / "pipe"))
