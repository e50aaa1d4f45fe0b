"""A pipeline that is sampled."""

from __future__ import annotations

from random import Random

from nuttwist.wire.counters import PoolCounters, ServerCounters
from nuttwist.wire.memcache.errors import errorLine
from nuttwist.wire.memcache.sights import describe
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.pipelinesampler import PipelineSampler
from nuttwist.wire.replyqueue import ReplyQueue
from nuttwist.wire.request import Request
from nuttwist.wire.sampler import PoolSampler
from nuttwist.wire.sights import plainly
from tests.unit.wire.rig import FakeSink

SERVER = "one"


class Rig:
    """
    A pipeline that is sampled, and a clock to turn by hand.

    @ivar now: seconds.
    """

    def __init__(self, threshold=1.0, length=3, server=SERVER):
        self.now = 100.0
        self.pool = PoolSampler(describe, lambda: self.now, lambda: self.now + 1e9, Random(7))
        self.pool.configure(plainly, threshold, length)
        self.pipeline = Pipeline(FakeSink(), ServerCounters(), errorLine, list, 0)
        self.pipeline.sampler = PipelineSampler(self.pool, server)
        self.client = ReplyQueue(FakeSink(), PoolCounters())

    def ask(self, *keys, **kw):
        """Queue a get for each key."""
        for key in keys:
            self.submit(b"get %s\r\n" % key, **kw)

    def submit(self, data, **kw):
        """Queue a request."""
        request = Request(kw.pop("owner", self.client), data, self.now, **kw)
        self.pipeline.submit(request)
        return request

    def write(self, wait=0.0):
        """Write what is queued after so many seconds."""
        self.now += wait
        self.pipeline.take()

    def reply(self, count, wait=0.0, data=b"END\r\n"):
        """Have so many requests answered after so many seconds, as a framer does it."""
        self.now += wait
        for _ in range(count):
            self.pipeline.outQueue.popleft().reply = data
        self.pipeline.delivered(count, count * len(data))

    def round(self, *keys, wait=0.25):
        """Ask, write and answer."""
        self.ask(*keys)
        self.write()
        self.reply(len(keys), wait)


BOUNDS_AND_MORE = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1, 2.5, 5, 10, "more",
)  # fmt: skip


def counted(histogram):
    """The durations of a histogram by the bounds of their buckets."""
    return {
        bound: count
        for bound, count in zip(BOUNDS_AND_MORE, histogram.counts, strict=True)
        if count
    }
