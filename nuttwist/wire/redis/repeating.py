"""
Which redis requests may be repeated when their connection fails, and where their keys are.
"""

from __future__ import annotations

from nuttwist.wire.redis.commandtable import PLACEHOLDER, Route, find
from nuttwist.wire.redis.scan import whole
from nuttwist.wire.retry import Repeatable

#: Ways that lead to where the keys are; the others lead to one certain server, or to all.
_BY_KEYS = frozenset({Route.KEYED, Route.MGET, Route.MSET, Route.SUM, Route.ANY})


def repeatable(data: bytes) -> Repeatable | None:
    """
    Read what the proxy sends to a server for one request.

    @return: L{None} when it cannot be repeated.
    """
    args: list[bytes] = []
    command = find(args) if whole(data, 0, len(data), args) > 0 else None
    if command is None or command.route not in _BY_KEYS:
        return None
    keys = [args[index] for index in command.keys(args)]
    return Repeatable(command.readOnly, keys or [PLACEHOLDER])
