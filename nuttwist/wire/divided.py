"""
A request that is repeated when its keys are no longer on one server.

It keeps its place with whoever waits for it. What goes to the servers are its shares, each a
request like any other that may fail and be repeated, and split again; when the last has its reply,
the request has its own, as if one server had given it.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.request import Owner, Request


class Cut(Protocol):
    """
    How a request of several keys is split, and the replies merged. It waits as long as they do, so
    it reads the keys again each time: kept as objects they take many times their bytes.
    """

    def shares(
        self, groups: Iterable[Sequence[int]], owned: Callable[[], Owner], since: float
    ) -> list[Request]:
        """
        The requests for some of its keys each.

        @param groups: the numbers of the keys of each, in request order.
        @param owned: makes the owner of one.
        """

    def merged(self, request: Request, shares: Sequence[Request], order: list[int]) -> bytes:
        """
        The reply to the whole, as one server would give it to this request; or else an error.

        @param request: gets the blocks that were found, if it collects them.
        @param shares: each with its reply, which may be an error.
        @param order: of every key, in request order, the number of its share.
        """


class Divided:
    """
    Owns the shares of one request, in the place of a server.
    """

    __slots__ = (
        "_cut",
        "_missing",
        "_order",
        "_owner",
        "_request",
        "_shares",
        "_trouble",
        "touched",
    )

    def __init__(self, request: Request, owner: Owner, cut: Cut) -> None:
        """
        @param owner: who waits for the request.
        """
        self.touched = False
        self._request = request
        self._owner = owner
        self._cut = cut
        self._shares: list[Request] = []
        self._order = array("I")
        self._missing = 0
        self._trouble: bytes | None = None

    def split(
        self, pipelines: Sequence[Pipeline], owned: Callable[[Owner], Owner]
    ) -> list[tuple[Pipeline, Request]]:
        """
        Make the shares.

        @param pipelines: of each key.
        @param owned: makes the owner of one share, which passes everything on to this.
        @return: each share with where it goes.
        """
        groups: dict[Pipeline, array[int]] = defaultdict(_numbers)
        for number, pipeline in enumerate(pipelines):
            groups[pipeline].append(number)
        places = {pipeline: place for place, pipeline in enumerate(groups)}
        self._order.extend(places[pipeline] for pipeline in pipelines)
        since = self._request.since
        self._shares = self._cut.shares(groups.values(), lambda: owned(self), since)
        self._missing = len(self._shares)
        return list(zip(groups, self._shares, strict=True))

    @property
    def gone(self) -> bool:
        """
        True when nobody waits.
        """
        return self._owner.gone

    def failed(self, request: Request, line: bytes) -> None:
        """
        A share has failed for good, and with it the whole.
        """
        request.reply = line
        self._trouble = self._trouble or line

    def settle(self) -> None:
        """
        One more share has its reply; complete the whole if it was the last.
        """
        self.touched = False
        self._missing -= 1
        if self._missing:
            return
        # The shares have the way back to this: without them there is no cycle to be found later.
        shares, self._shares = self._shares, []
        reply = self._cut.merged(self._request, shares, self._order.tolist())
        if self._trouble is None:
            self._request.reply = reply
        else:
            self._owner.failed(self._request, self._trouble)
        self._owner.settle()


def _numbers() -> array[int]:
    return array("I")
