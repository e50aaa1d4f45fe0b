"""
How many clients each worker has, in memory that all of them see.

Whoever wakes first takes the next client, and on a quiet machine that is mostly the one that took
the last: it would end up with all of them. So each worker looks here before it takes one, and
lets the others go first while it is ahead.
"""

from __future__ import annotations

import mmap
import tempfile

#: Clients that a worker may be ahead before it waits for the others...
LEAD = 2

#: ...and one more for each so many clients that the others have.
PART = 8

#: In place of the clients of a worker that is not there.
ABSENT = -1


def _size(pools: int, workers: int) -> int:
    # Memory of no bytes is not to be had.
    return 4 * max(pools, 1) * workers


class Tally:
    """
    A table of numbers: a row for each pool, a column for each worker.

    @ivar descriptor: of the file behind the memory.
    """

    def __init__(self, descriptor: int, pools: int, workers: int) -> None:
        """
        @param descriptor: of the file; the caller's to close.
        """
        self.descriptor = descriptor
        self._workers = workers
        self._memory = mmap.mmap(descriptor, _size(pools, workers))
        self._counts = memoryview(self._memory).cast("i")

    def put(self, pool: int, worker: int, clients: int) -> None:
        """
        Tell how many clients a worker has.
        """
        self._counts[pool * self._workers + worker] = clients

    def leave(self, worker: int) -> None:
        """
        A worker is not there, or not yet.
        """
        for at in range(worker, len(self._counts), self._workers):
            self._counts[at] = ABSENT

    def isAhead(self, pool: int, worker: int, clients: int) -> bool:
        """
        Whether a worker, which has so many clients, should let the others go first.
        """
        self.put(pool, worker, clients)
        row = self._counts[pool * self._workers : (pool + 1) * self._workers]
        fewest = min(each for each in row if each != ABSENT)
        return clients > fewest + LEAD + fewest // PART

    def close(self) -> None:
        """
        Give the memory back.
        """
        self._counts.release()
        self._memory.close()


class OwnTally(Tally):
    """
    The tally of whoever has the workers; nobody is there yet.
    """

    def __init__(self, pools: int, workers: int) -> None:
        # Nobody else can open it, and it is gone with the last who has it open.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  open for as long as the tally
        self._file.truncate(_size(pools, workers))
        Tally.__init__(self, self._file.fileno(), pools, workers)
        for worker in range(workers):
            self.leave(worker)

    def close(self) -> None:
        Tally.close(self)
        self._file.close()
