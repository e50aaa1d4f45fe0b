"""
Where one worker after the other works.
"""

from __future__ import annotations

import attrs
from twisted.internet.interfaces import IDelayedCall

from nuttwist.workers.backoff import Backoff
from nuttwist.workers.worker import Worker


@attrs.define(eq=False)
class Place:
    """
    Where one worker after the other works.

    @ivar starts: how many there were.
    @ivar worker: the one of now; L{None} while the next is waited for.
    @ivar next: the start of the next.
    """

    number: int
    starts: int = 0
    worker: Worker | None = None
    next: IDelayedCall | None = None
    backoff: Backoff = attrs.Factory(Backoff)
