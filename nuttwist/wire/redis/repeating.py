"""
Which redis requests may be repeated when their connection fails, where their keys are, and how they
are split by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from nuttwist.wire.redis import gathers
from nuttwist.wire.redis.commandtable import PLACEHOLDER, Route, find
from nuttwist.wire.redis.errors import INVALID
from nuttwist.wire.redis.scan import encoded, whole
from nuttwist.wire.request import Owner, Request
from nuttwist.wire.retry import Repeatable

#: Of the ways that lead to where the keys are: how many arguments there are for each key, and how
#: the replies are merged; L{None}: all keys must be on one server. The other ways lead to one
#: certain server, or to all.
_BY_KEYS: dict[Route, tuple[int, gathers.Merge] | None] = {
    Route.KEYED: None,
    Route.MGET: (1, gathers.interleaved),
    Route.MSET: (2, gathers.agreed),
    Route.SUM: (1, gathers.added),
    Route.ANY: None,
}


@attrs.frozen
class Splitting:
    """
    A request whose keys may be on several servers; see L{nuttwist.wire.divided.Cut}.

    @ivar data: its bytes.
    @ivar width: how many arguments there are for each key.
    @ivar merge: makes the reply from those of the shares, or L{None} when they are none of the kind
        that it can merge.
    """

    data: bytes
    width: int
    merge: gathers.Merge

    def shares(
        self, groups: Iterable[Sequence[int]], owned: Callable[[], Owner], since: float
    ) -> list[Request]:
        """
        Requests for some of the keys each.
        """
        args: list[bytes] = []
        whole(self.data, 0, len(self.data), args)
        return [Request(owned(), self._share(args, numbers), since) for numbers in groups]

    def _share(self, args: list[bytes], numbers: Iterable[int]) -> bytes:
        share, width = args[:1], self.width
        for number in numbers:
            share += args[1 + number * width : 1 + number * width + width]
        data: bytes = encoded(share)
        return data

    def merged(self, request: Request, shares: Sequence[Request], order: list[int]) -> bytes:
        """
        The sum, or one error for all.
        """
        reply = self.merge([share.reply or b"" for share in shares], order)
        return INVALID if reply is None else reply


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
    apart = _BY_KEYS[command.route]
    cut = None if apart is None else Splitting(data, *apart)
    return Repeatable(command.readOnly, keys or [PLACEHOLDER], cut)
