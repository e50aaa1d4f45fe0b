"""
How ordinary requests begin: by the first bytes it is known how many arguments follow, and that the
first of them is the only key.
"""

from __future__ import annotations

from nuttwist.wire.redis.commandtable import COMMANDS, Route


def usualHeads() -> dict[bytes, int]:
    """
    How ordinary requests begin: the bytes up to the end of the name, and their arguments.
    """
    heads: dict[bytes, int] = {}
    for command in COMMANDS.values():
        if command.route is not Route.KEYED or command.onlyKey != 1 or command.branches:
            continue
        most = command.arity if command.arity > 0 else 8
        for count in range(abs(command.arity), most + 1):
            for name in (command.name, command.name.upper()):
                heads[b"*%d\r\n$%d\r\n%s" % (count, len(name), name)] = count
    return heads


HEADS = usualHeads()
