"""CLIENT: what a client learns of itself."""

from __future__ import annotations

import pytest

from nuttwist.wire.redis.local import LOCAL
from nuttwist.wire.redis.resp import bulkOf
from tests.unit.wire.redis.askers import asker, heard


def fieldsOf(text: bytes) -> dict[bytes, bytes]:
    """The fields of a line about a client."""
    assert text.endswith(b"\n")
    return dict(word.split(b"=", 1) for word in text.split())


def test_fieldsAreTheServersAndThoseOfTheLibrary():
    """A line about a client has fields that a server's has, and the two of redis 7.2."""
    ours = fieldsOf(bulkOf(asker().ask(b"CLIENT", b"INFO")))
    theirs = fieldsOf(bulkOf(heard("CLIENT", "INFO")))
    assert ours.keys() - theirs.keys() == {b"lib-name", b"lib-ver"}


def test_whatTheClientHasSaidIsInItsLine():
    """Name, library, protocol and age are the session's."""
    client = asker(protocol=3)
    for words in (b"SETNAME me", b"SETINFO LIB-NAME lib(1)", b"SETINFO lib-ver 1.2"):
        assert client.ask(b"CLIENT", *words.split()) == b"+OK\r\n"
    reply = client.ask(b"CLIENT", b"INFO")
    fields = fieldsOf(reply[reply.index(b"txt:") + 4 : -2])
    wanted = b"id=7 name=me age=10 resp=3 lib-name=lib(1) lib-ver=1.2 cmd=client|info db=0\n"
    assert fields.items() >= fieldsOf(wanted).items()


def test_clockSetBackMakesNoNegativeAge():
    """A client that seems to come from the future is as old as one that has just connected."""
    client = asker()
    client.session.created += 60
    assert b" age=0 " in client.ask(b"CLIENT", b"INFO")


@pytest.mark.parametrize(
    ("words", "listed"),
    [(b"", 1), (b"TYPE normal", 1), (b"TYPE Replica", 0), (b"ID 7", 1), (b"ID 1 2", 0)],
)
def test_listHasTheClientItselfAtMost(words, listed):
    """No filter shows a client more than itself."""
    text = bulkOf(asker().ask(b"CLIENT", b"LIST", *words.split()))
    assert text.count(b"cmd=client|list") == text.count(b"\n") == listed


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"colour red", b"Unrecognized option 'colour'"),
        (b"LIB-NAME a\nb", b"lib-name cannot contain spaces, newlines or special characters."),
    ],
)
def test_libraryIsNamedInOneWord(words, reason):
    """An option that is none, or a value that would break the line, is refused."""
    client = asker()
    reply = client.ask(b"CLIENT", b"SETINFO", *words.split(b" "))
    assert reply == b"-ERR %s\r\n" % reason
    assert client.session.libName == b""


def test_touchingCanBeSwitched():
    """CLIENT NO-TOUCH of redis 7.2 is accepted as NO-EVICT is."""
    noTouch = LOCAL[b"client|no-touch"]
    assert noTouch(asker(), [b"CLIENT", b"NO-TOUCH", b"on"]) == b"+OK\r\n"
