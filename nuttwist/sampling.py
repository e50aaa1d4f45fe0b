"""
Which pools are sampled, and how their keys are shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import attrs

from nuttwist.config import PoolConfig
from nuttwist.wire.dialect import Dialect
from nuttwist.wire.sampler import PoolSampler
from nuttwist.wire.sights import Shown, hidden, plainly


@attrs.frozen
class Sampling:
    """
    Makes the samplers of a proxy whose requests somebody wants to see.

    @ivar secret: what keys are hashed with where they are hidden; the workers of a proxy have
        the same.
    """

    secret: bytes = attrs.field(factory=lambda: os.urandom(32), repr=False)

    def samplerOf(
        self, config: PoolConfig, dialect: Dialect, seconds: Callable[[], float]
    ) -> PoolSampler:
        """
        A sampler for a pool in which nothing has happened.
        """
        sampler = PoolSampler(dialect.describe, seconds, time.time)
        self.fit(sampler, config)
        return sampler

    def fit(self, sampler: PoolSampler, config: PoolConfig) -> None:
        """
        Go by a configuration, also by another one than before.
        """
        threshold = config.slow_log_threshold
        sampler.configure(
            self._show(config),
            None if threshold is None else threshold / 1000,
            config.slow_log_length,
        )
        sampler.keep({each.name for each in config.servers})

    def _show(self, config: PoolConfig) -> Shown:
        return hidden(self.secret) if config.hide_keys else plainly
