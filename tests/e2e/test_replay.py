"""
Recorded conversations whose outcome real processes could change: held, killed and restarted
servers, resets, half closes, large values, other kinds of sockets, time that passes. Of those with
real redis servers, and with redis servers that break off, there are some of each kind.

All cases that do not need a real redis server are played in memory by tests/unit/transcripts, and
all of them against processes by C{make transcripts}, which takes some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.command import TWISTD
from tests.e2e.replaying import playing
from tests.rig.cases import load, loadReasons, withPoolKey
from tests.transcripts.replay import Runner

FILES = ["memcached-*.json", "stats.json", "redis-*.json"]
CASES = {case["name"]: case for case in load(FILES)}

NAMES = [
    "mc-chunk-small-buffer-edge-445",
    "mc-client-reset-before-answer",
    "mc-eject-preconnect",
    "mc-eject-recovers",
    "mc-eject-single-server",
    "mc-eject-timeout-counts",
    "mc-fail-answer-reset",
    "mc-fail-eof",
    "mc-fail-eof-inside-answer",
    "mc-fail-idle-close",
    "mc-fail-kill-pending",
    "mc-fail-kill-restart",
    "mc-fail-refused-pipeline",
    "mc-fail-timeout-shared",
    "mc-fail-timeout-stopped-server",
    "mc-fail-unix-missing",
    "mc-fail-unmatched-answer",
    "mc-half-close-same-segment",
    "mc-half-close-slow-server",
    "mc-ipv6-listen",
    "mc-mget-100",
    "mc-mget-large-values",
    "mc-noreply-with-other-client",
    "mc-pipeline-100",
    "mc-value-900k",
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
    "stats-client-connections",
    "stats-eof-err-timeout",
    "stats-queue",
]
HUNG_UP = ["mc-bad-after-answer", "mc-bad-key-251", "mc-bad-tls"]
DIFFERENT = ["mc-bad-after-answer", "mc-bare-lf-smuggling", "mc-mget-miss-changes-order"]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """What plays a case, with twistd."""
    command = f"{TWISTD[0]} -n --pidfile= --logfile={{log}} nutproxy -c {{conf}}"
    place = "-s {stats_port} -a 127.0.0.1 -i {stats_interval}"
    with playing(f"{command} {place}") as runner:
        yield runner


@pytest.mark.parametrize("name", NAMES)
def test_caseIsTheSame(runner: Runner, name: str) -> None:
    """A recorded conversation is repeated byte for byte, within its times."""
    assert runner.run(CASES[name], record=False) == []


@pytest.mark.parametrize("name", HUNG_UP)
def test_hangupIsRestored(runner: Runner, name: str) -> None:
    """With on_unsupported: close a client is left as it was when this was recorded."""
    assert runner.run(withPoolKey(CASES[name], "on_unsupported: close"), record=False) == []


@pytest.mark.parametrize("name", DIFFERENT)
def test_listedCaseDiffers(runner: Runner, name: str) -> None:
    """A case that is listed as different is so with processes too."""
    assert name in loadReasons("transcript-differences.txt")
    differences = runner.run(CASES[name], record=False)
    assert [each for each in differences if "bytes differ" in each]
