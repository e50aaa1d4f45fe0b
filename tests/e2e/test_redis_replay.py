"""
Recorded conversations with real redis servers, and with servers that break off: some of each kind.

The others are played in memory by tests/unit/transcripts.
"""

from __future__ import annotations

import random
from argparse import Namespace
from collections.abc import Iterator

import pytest

from tests.e2e.command import SECONDS, TWISTD
from tests.rig.cases import load
from tests.transcripts.replay import Runner

CASES = {case["name"]: case for case in load(["redis-*.json"])}
NAMES = [
    "redis-auth-server-needs-but-not-configured",
    "redis-chunk-buffer-edge-16310",
    "redis-db",
    "redis-fail-eof",
    "redis-fail-reply-bad-bulk",
    "redis-fail-reset",
    "redis-fail-timeout-del",
    "redis-fragment-error-mset",
    "redis-fragment-small-buffer",
    "redis-wrong-arity-forwarded",
]

# The tool takes a thousand ports from its base; these are below those that a kernel gives away.
BASES = range(10000, 19000, 1000)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """What plays a case: it starts a proxy for each, and keeps the servers for the next."""
    command = f"{TWISTD[0]} -n --pidfile= --logfile={{log}} nutproxy -c {{conf}}"
    place = "-s {stats_port} -a 127.0.0.1 -i {stats_interval}"
    runner = Runner(
        Namespace(
            proxy=f"{command} {place}",
            port_base=random.choice(BASES),
            start_timeout=SECONDS,
            keep=False,
        )
    )
    yield runner
    runner.close()


@pytest.mark.parametrize("name", NAMES)
def test_caseIsTheSame(runner: Runner, name: str) -> None:
    """A recorded conversation is repeated byte for byte."""
    assert runner.run(CASES[name], record=False) == []
