"""
What plays recorded conversations against processes.
"""

from __future__ import annotations

import random
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.e2e.command import SECONDS
from tests.transcripts.replay import Runner

# The tool takes a thousand ports from its base; these are below those that a kernel gives away,
# and below those of the servers of other tests.
_BASES = range(10000, 19000, 1000)


@contextmanager
def playing(command: str) -> Iterator[Runner]:
    """
    Play cases: a proxy is started for each, and its servers are kept for the next.

    @param command: starts a proxy; its words may have C{{conf}}, C{{log}} and the like in them.
    """
    options = Namespace(
        proxy=command,
        port_base=random.choice(_BASES),
        start_timeout=SECONDS,
        keep=False,
    )
    with closing(Runner(options)) as runner:
        yield runner
