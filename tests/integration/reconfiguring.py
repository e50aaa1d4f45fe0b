"""What tests of other pools while clients are connected share."""

from __future__ import annotations

import socket
from contextlib import closing

from nuttwist.config import Listen
from tests.ports import freePort

from .servers import LOOPBACK

SET = b"set k 0 0 1\r\nx\r\n", b"STORED\r\n"
MISS = b"get k\r\n", b"END\r\n"


def freePlace():
    """A port that nobody listens on, and that stays so until a pool does."""
    return Listen(host=LOOPBACK, port=freePort())


class Reconfiguring:
    """Ways to see who listens."""

    async def answered(self, pool):
        """Fail unless the pool lets a client in and answers."""
        client = await self.client(pool)
        await client.answers(*MISS)
        return client

    async def refused(self, listen):
        """Fail if somebody listens there."""
        with closing(socket.socket()) as probe:
            self.assertNotEqual(probe.connect_ex((listen.host, listen.port)), 0)
