"""What is seen of a pool follows its configuration."""

from __future__ import annotations

import attrs

from nuttwist.config import Listen, PoolConfig, ServerConfig
from nuttwist.sampling import Sampling
from nuttwist.wire.memcache.dialect import MEMCACHE


def test_serversThatAreGoneAreForgotten():
    """However many come and go, only those of now are told of; what has no server stays."""
    servers = [ServerConfig(host="127.0.0.1", port=11211, name=name) for name in ("one", "two")]
    config = PoolConfig(name="p", listen=Listen(path="/p"), servers=servers)
    sampling = Sampling()
    sampler = sampling.samplerOf(config, MEMCACHE, lambda: 0.0)
    for name in ("one", "two", None):
        sampler.timing(name)
        sampler.failed(name, "Connection refused", 1)
    kept = sampler.servers["two"]
    sampling.fit(sampler, attrs.evolve(config, servers=servers[1:]))
    assert sampler.servers == {"two": kept}
    assert set(sampler.failures) == {("two", "Connection refused"), (None, "Connection refused")}
    assert sampler.timing("one") is not None
    assert list(sampler.servers) == ["two", "one"]
