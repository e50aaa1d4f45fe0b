"""
Commands about the connection itself: PING, ECHO, QUIT, RESET, SELECT, AUTH and HELLO.

The client has one database, number 0, whichever of its servers' databases the pool stands for
(C{redis_db}): the others are out of range, as they are in a redis with C{databases 1}.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from nuttwist.wire.redis import resp
from nuttwist.wire.redis.keys import WRONG_ARITY, integer
from nuttwist.wire.redis.localrules import (
    NOT_A_NUMBER,
    OK,
    REDIS_VERSION,
    SYNTAX,
    USER,
    Answer,
    LocalClient,
    isName,
    isPermitted,
    logIn,
)
from nuttwist.wire.redis.session import Session

#: twemproxy's words, for the form of AUTH that it knows (nc_redis.c, redis_handle_auth_req).
INVALID_PASSWORD = resp.error(b"ERR invalid password")
NO_PASSWORD = resp.error(b"ERR Client sent AUTH, but no password is set")

WRONG_PASSWORD = resp.error(b"WRONGPASS invalid username-password pair or user is disabled.")
NAMELESS = resp.error(b"ERR Client names cannot contain spaces, newlines or special characters.")
OUT_OF_RANGE = resp.error(b"ERR DB index is out of range")
NOT_AN_INT = resp.error(b"ERR value is out of range, value must between -2147483648 and 2147483647")
NO_VERSION = resp.error(b"ERR Protocol version is not an integer or out of range")
NO_PROTOCOL = resp.error(b"NOPROTO unsupported protocol version")
HELLO_NEEDS_AUTH = resp.error(
    b"NOAUTH HELLO must be called with the client already authenticated, otherwise the"
    b" HELLO AUTH <user> <pass> option can be used to authenticate the client and"
    b" select the RESP protocol version at the same time"
)

#: Options of HELLO, and how many arguments each has.
OPTIONS = {b"auth": 2, b"setname": 1}

#: What an INT of redis's own can be, which SELECT reads.
INT = range(-(2**31), 2**31)


def ping(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    PING [MESSAGE]
    """
    if len(args) > 2:
        return resp.error(WRONG_ARITY % b"ping")
    return resp.bulk(args[1]) if len(args) == 2 else resp.status(b"PONG")


def echo(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    ECHO MESSAGE
    """
    return resp.bulk(args[1])


def leave(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    QUIT; that the connection is closed behind the answer is for whoever has it.
    """
    return OK


def reset(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    RESET
    """
    client.session.reset()
    return resp.status(b"RESET")


def select(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    SELECT DATABASE
    """
    number = integer(args[1])
    if number is None:
        return NOT_A_NUMBER
    if number not in INT:
        return NOT_AN_INT
    return OUT_OF_RANGE if number else OK


def auth(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    AUTH [USER] PASSWORD
    """
    if len(args) > 3:
        return SYNTAX
    named = len(args) == 3
    if client.password is None and not named:
        return NO_PASSWORD
    if logIn(client, args[1] if named else USER, args[-1]):
        return OK
    return WRONG_PASSWORD if named else INVALID_PASSWORD


@attrs.define
class Greeting:
    """
    What a HELLO asks for.

    @ivar protocol: the version, or L{None} to stay with the one there is.
    @ivar login: user and password.
    @ivar name: for the connection.
    """

    protocol: int | None = None
    login: tuple[bytes, bytes] | None = None
    name: bytes | None = None


class Refused(ValueError):
    """
    A HELLO that cannot be understood.

    @ivar reply: what the client is told.
    """

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


def protocolOf(word: bytes) -> int:
    """
    The version of the protocol in an argument.

    @raise Refused: there is none, or not this one.
    """
    version = integer(word)
    if version is None:
        raise Refused(NO_VERSION)
    if version not in (2, 3):
        raise Refused(NO_PROTOCOL)
    return version


def understand(args: Sequence[bytes]) -> Greeting:
    """
    Read a HELLO; of an option that is given twice, the last counts.

    @raise Refused: it cannot be understood.
    """
    greeting = Greeting(protocolOf(args[1]) if len(args) > 1 else None)
    at = 2
    while at < len(args):
        word = args[at].lower()
        values = args[at + 1 : at + 1 + OPTIONS.get(word, 0)]
        if word not in OPTIONS or len(values) < OPTIONS[word]:
            raise Refused(resp.error(b"ERR Syntax error in HELLO option '%s'" % args[at]))
        if word == b"auth":
            greeting.login = values[0], values[1]
        elif isName(values[0]):
            greeting.name = values[0]
        else:
            raise Refused(NAMELESS)
        at += 1 + len(values)
    return greeting


def welcome(session: Session) -> bytes:
    """
    What HELLO answers in the end.
    """
    fields = {
        b"server": resp.bulk(b"redis"),
        b"version": resp.bulk(REDIS_VERSION),
        b"proto": resp.integer(session.protocol),
        b"id": resp.integer(session.id),
        b"mode": resp.bulk(b"standalone"),
        b"role": resp.bulk(b"master"),
        b"modules": resp.array([]),
    }
    pairs = ((resp.bulk(name), value) for name, value in fields.items())
    return resp.mapping(pairs, session.protocol)


def hello(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    HELLO [PROTOCOL [AUTH USER PASSWORD] [SETNAME NAME]]
    """
    try:
        greeting = understand(args)
    except Refused as refused:
        return refused.reply
    if greeting.login is not None and not logIn(client, *greeting.login):
        return WRONG_PASSWORD
    if not isPermitted(client):
        return HELLO_NEEDS_AUTH
    session = client.session
    session.name = session.name if greeting.name is None else greeting.name
    session.protocol = greeting.protocol or session.protocol
    return welcome(session)


SESSION: dict[bytes, Answer] = {
    b"ping": ping,
    b"echo": echo,
    b"quit": leave,
    b"reset": reset,
    b"select": select,
    b"auth": auth,
    b"hello": hello,
}
