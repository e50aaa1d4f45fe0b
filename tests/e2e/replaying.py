"""
What plays recorded conversations against processes.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.e2e.command import SECONDS
from tests.ports import Block
from tests.transcripts.replay import Runner

# The tool takes most of the thousand ports behind its base, which it leaves alone; these are below
# those of the servers of other tests.
_BLOCKS = range(10000, 19000, 1000)


@contextmanager
def playing(command: str) -> Iterator[Runner]:
    """
    Play cases: a proxy is started for each, and its servers are kept for the next.

    @param command: starts a proxy; its words may have C{{conf}}, C{{log}} and the like in them.
    """
    with closing(Block(_BLOCKS)) as ports:
        options = Namespace(proxy=command, port_base=ports.first, start_timeout=SECONDS, keep=False)
        with closing(Runner(options)) as runner:
            yield runner
