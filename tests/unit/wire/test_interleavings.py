"""Whatever happens in whatever order, a client hears its own replies, each once and in order."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from .crowd import Crowd
from .speeches import MEMCACHE_SPEECH, REDIS_SPEECH


class MemcachedCrowd(Crowd):
    speech = MEMCACHE_SPEECH


class RedisCrowd(Crowd):
    speech = REDIS_SPEECH


@pytest.mark.parametrize("crowd", [MemcachedCrowd, RedisCrowd])
def test_everyClientHearsItsOwnInOrder(crowd):
    """With servers that fail, stop in mid-reply or make no sense, and clients that leave."""
    run_state_machine_as_test(
        crowd, settings=settings(max_examples=50, stateful_step_count=100, deadline=None)
    )
