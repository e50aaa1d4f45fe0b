"""
A backend as it is seen from outside: where it is in its life, and who is told.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from nuttwist.net.troubles import Loss

if TYPE_CHECKING:
    from nuttwist.net.backend import Backend


class State(enum.Enum):
    """
    Where a backend is in its life.
    """

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"


class Watcher(Protocol):
    """
    Whoever keeps the ledger and the counters of a server.
    """

    def about(self) -> dict[str, object]:
        """
        What the log has to say of which server it is.
        """

    def backendMade(self) -> None:
        """
        A connection was made.
        """

    def backendLost(self, backend: Backend, loss: Loss) -> None:
        """
        A connection was lost, or could not be made.
        """

    def crowd(self, change: int) -> None:
        """
        So many more of its pipelines hold clients back, or fewer.
        """
