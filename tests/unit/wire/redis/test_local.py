"""The commands answered by the proxy, beside what a real redis-server answered."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.commandtable import COMMANDS, Route
from nuttwist.wire.redis.local import ALLOWED_UNAUTHENTICATED, LOCAL, isPermitted
from tests.unit.wire.redis.askers import RECORDED, asker, said


@pytest.mark.parametrize("recorded", RECORDED["equal"], ids=lambda each: each["name"])
def test_answersAreTheServersOwn(recorded):
    """A whole conversation is answered byte for byte as a real server answered it."""
    password = recorded["password"] and recorded["password"].encode()
    client = asker(password=password, client=recorded["client"])
    answers = [[words, client.ask(*said(words)).decode("latin-1")] for words, _ in recorded["said"]]
    assert answers == recorded["said"]


def test_everyCommandThatIsRoutedHereHasAnAnswer():
    """The table of commands routes nothing to the proxy that it cannot answer."""
    routed = {name for name, row in COMMANDS.items() if row.route is Route.LOCAL}
    assert routed - LOCAL.keys() == set()


def test_whatIsAllowedWithoutThePasswordIsAnsweredByTheProxy():
    """No server is ever asked for a client that has not said the password."""
    assert LOCAL.keys() >= ALLOWED_UNAUTHENTICATED


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (b"client kill 1.2.3.4:5", b"CLIENT KILL"),
        (b"CONFIG SET save x", b"CONFIG SET"),
        (b"Monitor", b"MONITOR"),
    ],
)
def test_whatCannotBeHadIsRefusedByName(words, name):
    """A command of redis that the proxy has no answer to is named in the error."""
    wanted = b"-ERR %s is not supported through the proxy\r\n" % name
    assert asker().ask(*words.split()) == wanted


def test_repliesCannotBeSwitchedOff():
    """CLIENT REPLY OFF would leave the client without the replies that are under way."""
    client = asker()
    wanted = b"-ERR CLIENT REPLY %s is not supported through the proxy\r\n"
    for word in (b"OFF", b"SKIP"):
        assert client.ask(b"CLIENT", b"REPLY", word.lower()) == wanted % word


def test_passwordIsComparedByteForByte():
    """AUTH with the pool's password permits, and anything else takes the permission away."""
    client = asker(password=b"s\xc3\xa9kret")
    for word, reply in (
        (b"sekret", b"-ERR invalid password\r\n"),
        (b"s\xc3\xa9kret", b"+OK\r\n"),
        (b"S\xc3\xa9kret", b"-ERR invalid password\r\n"),
    ):
        assert client.ask(b"AUTH", word) == reply
        assert isPermitted(client) is (reply == b"+OK\r\n")


def test_wrongPasswordForAUserTakesThePermissionAway():
    """The form of AUTH with a user answers as redis does, and forgets as the other form does."""
    client = asker(password=b"sekret")
    assert client.ask(b"AUTH", b"default", b"sekret") == b"+OK\r\n"
    assert client.ask(b"AUTH", b"default", b"x").startswith(b"-WRONGPASS ")
    assert not isPermitted(client)


def test_authWithoutAPasswordSaysSo():
    """A password that nobody asked for is a mistake the client is told of, as in twemproxy."""
    wanted = b"-ERR Client sent AUTH, but no password is set\r\n"
    assert asker().ask(b"AUTH", b"x") == wanted


def test_resetKeepsTheLibraryAndForgetsTheRest():
    """RESET is for the next user of the connection, who has the same library."""
    client = asker(password=b"x")
    client.ask(b"HELLO", b"3", b"AUTH", b"default", b"x", b"SETNAME", b"me")
    client.ask(b"CLIENT", b"SETINFO", b"LIB-NAME", b"lib")
    assert client.ask(b"RESET") == b"+RESET\r\n"
    session = client.session
    kept = session.name, session.protocol, session.authenticated, session.libName
    assert kept == (b"", 2, False, b"lib")
