"""
CLIENT: what a client says of itself, and asks about itself. It never learns of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from nuttwist.wire.redis import resp
from nuttwist.wire.redis.keys import integer
from nuttwist.wire.redis.localrules import (
    OK,
    SYNTAX,
    USER,
    Answer,
    LocalClient,
    isName,
    unsupported,
)
from nuttwist.wire.redis.localsession import NAMELESS
from nuttwist.wire.redis.session import Session

#: Kinds of clients, of which the proxy has one.
TYPES = frozenset({b"normal", b"master", b"replica", b"slave", b"pubsub"})

#: What redis counts for a client and the proxy does not: some clients expect the fields.
UNCOUNTED = (
    b"sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 obl=0 oll=0 omem=0 tot-mem=0"
)

#: Attributes of the session by option of CLIENT SETINFO.
LIBRARY = {b"lib-name": "libName", b"lib-ver": "libVersion"}


def line(client: LocalClient, command: bytes) -> bytes:
    """
    The line about a client.

    @param command: what it asks just now, as in the command table.
    """
    session = client.session
    age = max(int(client.time() - session.created), 0)
    return b" ".join(
        (
            b"id=%d name=%s age=%d idle=0 flags=N db=0" % (session.id, session.name, age),
            UNCOUNTED,
            b"cmd=%s user=%s redir=-1 resp=%d" % (command, USER, session.protocol),
            b"lib-name=%s lib-ver=%s\n" % (session.libName, session.libVersion),
        )
    )


def info(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT INFO
    """
    return resp.verbatim(line(client, b"client|info"), client.session.protocol)


def isOfType(kind: bytes) -> bool:
    """
    @raise LookupError: redis knows no such clients.
    """
    if kind.lower() not in TYPES:
        raise LookupError(b"ERR Unknown client type '%s'" % kind)
    return kind.lower() == b"normal"


def isAmong(session: Session, numbers: Sequence[bytes]) -> bool:
    """
    @raise LookupError: one of them is no client's number.
    """
    found = [integer(each) for each in numbers]
    if any(each is None for each in found):
        raise LookupError(b"ERR Invalid client ID")
    return session.id in found


def isListed(session: Session, args: Sequence[bytes]) -> bool:
    """
    Whether the client itself is one of those it asks for.

    @param args: what follows CLIENT LIST.
    @raise LookupError: it cannot be told; its argument is the error to answer.
    """
    option = args[0].lower() if args else b""
    if option == b"type" and len(args) == 2:
        return isOfType(args[1])
    if option == b"id" and len(args) > 1:
        return isAmong(session, args[1:])
    if args:
        raise LookupError(b"ERR syntax error")
    return True


def listed(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT LIST [TYPE TYPE | ID NUMBER...]
    """
    try:
        wanted = isListed(client.session, args[2:])
    except LookupError as reason:
        return resp.error(reason.args[0])
    text = line(client, b"client|list") if wanted else b""
    return resp.verbatim(text, client.session.protocol)


def setName(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT SETNAME NAME
    """
    if not isName(args[2]):
        return NAMELESS
    client.session.name = args[2]
    return OK


def getName(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT GETNAME
    """
    session = client.session
    return resp.bulk(session.name) if session.name else resp.null(session.protocol)


def setInfo(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT SETINFO LIB-NAME NAME | LIB-VER VERSION, of redis 7.2
    """
    option = args[2].lower()
    if option not in LIBRARY:
        return resp.error(b"ERR Unrecognized option '%s'" % args[2])
    if not isName(args[3]):
        reason = b"ERR %s cannot contain spaces, newlines or special characters."
        return resp.error(reason % option)
    setattr(client.session, LIBRARY[option], args[3])
    return OK


def number(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT ID
    """
    return resp.integer(client.session.id)


def switch(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT NO-EVICT | NO-TOUCH ON | OFF: accepted, and changes nothing at the servers.
    """
    return OK if args[2].lower() in (b"on", b"off") else SYNTAX


def reply(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT REPLY ON, which is how it is
    """
    word = args[2].lower()
    if word in (b"off", b"skip"):
        return unsupported(b"client|reply|" + word)
    return OK if word == b"on" else SYNTAX


def redirection(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT GETREDIR: nothing is tracked, so nothing is redirected.
    """
    return resp.integer(-1)


def tracking(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    CLIENT TRACKINGINFO
    """
    protocol = client.session.protocol
    fields = {
        b"flags": resp.setOf([resp.bulk(b"off")], protocol),
        b"redirect": resp.integer(-1),
        b"prefixes": resp.array([]),
    }
    return resp.mapping(((resp.bulk(name), value) for name, value in fields.items()), protocol)


CLIENT: dict[bytes, Answer] = {
    b"client|getname": getName,
    b"client|getredir": redirection,
    b"client|id": number,
    b"client|info": info,
    b"client|list": listed,
    b"client|no-evict": switch,
    b"client|no-touch": switch,
    b"client|reply": reply,
    b"client|setinfo": setInfo,
    b"client|setname": setName,
    b"client|trackinginfo": tracking,
}
