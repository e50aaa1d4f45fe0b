"""
The listeners that a worker has from its parent, and who goes first at them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from nuttwist.net.adopting import Inherited
from nuttwist.workers.tally import Tally


class Inheritance:
    """
    The descriptors of the listeners and of the tally, which are others after a change.
    """

    def __init__(self, number: int, workers: int, clients: Callable[[str], int]) -> None:
        """
        @param number: of this worker, from 0.
        @param workers: how many there are.
        @param clients: tells how many clients a pool has here, by its name.
        """
        self._number = number
        self._workers = workers
        self._clients = clients
        self._tally: Tally | None = None
        self._rows: dict[str, int] = {}
        self._listeners: dict[str, int] = {}
        self._outdated: list[int] = []

    def take(
        self, pools: Sequence[str], tally: int, listeners: Mapping[str, int]
    ) -> dict[str, Inherited]:
        """
        There are other pools by now.

        @param pools: their names.
        @param tally: the descriptor of their tally.
        @param listeners: the descriptors of those that listen anew, by their names.
        @return: the same as listeners, and those that have none.
        """
        self._replaceTally(pools, tally)
        known = {**self._listeners, **listeners}
        kept = {name: known[name] for name in pools if name in known}
        self._outdated += set(self._listeners.values()) - set(kept.values())
        self._listeners = kept
        return {
            name: Inherited(kept.get(name), partial(self._isAhead, name))
            for name in pools
            if name in listeners or name not in kept
        }

    def _replaceTally(self, pools: Sequence[str], descriptor: int) -> None:
        old = self._tally
        self._tally = Tally(descriptor, len(pools), self._workers)
        self._rows = {name: row for row, name in enumerate(pools)}
        for name, row in self._rows.items():
            self._tally.put(row, self._number, self._clients(name))
        if old is not None:
            old.close()
            os.close(old.descriptor)

    def drop(self) -> None:
        """
        Close the listeners that are not needed any more: as long as one has them open, clients
        that nobody accepts can connect.
        """
        outdated, self._outdated = self._outdated, []
        for descriptor in outdated:
            os.close(descriptor)

    def _isAhead(self, pool: str) -> bool:
        row = self._rows.get(pool)
        if row is None or self._tally is None:
            return False
        return self._tally.isAhead(row, self._number, self._clients(pool))
