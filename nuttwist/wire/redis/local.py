"""
The commands that the proxy answers itself, without any server.

C{localsession} has those about the connection, C{localself} CLIENT, C{localtable} COMMAND, and
C{localabout} what the proxy tells of itself; C{localrules} is what they share and C{localglob}
the patterns some of them take. Each command is one function; L{LOCAL} is the table of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from nuttwist.wire.redis import resp
from nuttwist.wire.redis.commandtable import find, unknownCommand, wrongArity
from nuttwist.wire.redis.localabout import ABOUT
from nuttwist.wire.redis.localrules import Answer, LocalClient, isPermitted, unsupported
from nuttwist.wire.redis.localself import CLIENT
from nuttwist.wire.redis.localsession import SESSION
from nuttwist.wire.redis.localtable import TABLE

__all__ = [
    "ALLOWED_UNAUTHENTICATED",
    "LOCAL",
    "LocalClient",
    "answer",
    "isPermitted",
    "unsupported",
]

#: What a client may say before it has said the password.
ALLOWED_UNAUTHENTICATED = frozenset({b"auth", b"hello", b"quit", b"reset"})

#: By name as in the command table, a subcommand as C{client|setname}.
LOCAL: dict[bytes, Answer] = {**SESSION, **CLIENT, **TABLE, **ABOUT}


def answer(client: LocalClient, args: Sequence[bytes]) -> bytes:
    """
    Answer a command without asking a server.

    @param args: name and arguments, at least the name.
    @return: one whole reply, in the protocol that the client speaks after the command. It is an
        error for what redis does not know, and for what the proxy has no answer to.
    """
    row = find(args)
    if row is None:
        return resp.error(unknownCommand(args))
    wrong = wrongArity(row, args)
    if wrong is not None:
        return resp.error(wrong)
    found = LOCAL.get(row.name)
    return found(client, args) if found else unsupported(row.name)
