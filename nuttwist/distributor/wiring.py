"""
How the connections to a pool's servers are made: those of requests, and those of probes.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from nuttwist.config import PoolConfig, ServerConfig
from nuttwist.config.credentials import Credentials
from nuttwist.distributor.connecting import Connect, connectTo
from nuttwist.distributor.server import Server
from nuttwist.net.backend import Backend
from nuttwist.net.noserver import NoServer
from nuttwist.net.probe import Probe
from nuttwist.reactors import Loop
from nuttwist.wire.dialect import Dialect, Lane
from nuttwist.wire.pipeline import Pipeline
from nuttwist.wire.pipelinesampler import PipelineSampler
from nuttwist.wire.router import Settings
from nuttwist.wire.sampler import PoolSampler

#: What connections are made from; when one of these changes, there are to be others.
BAKED = (
    "server_connections",
    "redis_auth",
    "redis_db",
    "tls",
    "tls_ca",
    "tls_name",
    "tls_certificate",
    "tls_key",
)

#: Milliseconds for a probe in a pool without a timeout of its own.
PROBE_TIMEOUT = 1000


@attrs.frozen
class Wiring:
    """
    What the connections of one pool are made from.

    @ivar credentials: what connections are encrypted with that are made now.
    @ivar readSize: bytes read from a socket at a time.
    @ivar sampler: looks at requests; L{None}: nobody does.
    """

    config: PoolConfig
    settings: Settings
    dialect: Dialect
    loop: Loop
    credentials: Callable[[], Credentials]
    readSize: int
    sampler: PoolSampler | None
    _connects: dict[ServerConfig, Connect] = attrs.field(factory=dict, init=False, eq=False)

    def connect(self, server: ServerConfig) -> Connect:
        """
        How connections to a server are started.
        """
        if server not in self._connects:
            self._connects[server] = connectTo(
                server, self.config, self.loop.sockets, self.credentials
            )
        return self._connects[server]

    def differs(self, config: PoolConfig) -> bool:
        """
        Whether connections by another configuration would be others.
        """
        return any(getattr(self.config, each) != getattr(config, each) for each in BAKED)

    def backends(self, server: Server, lane: int) -> list[Backend]:
        """
        The connections of one kind to a server, none of them made yet.
        """
        return [
            self._backend(server, self.dialect.lanes[lane])
            for _ in range(self.config.server_connections)
        ]

    def _backend(self, server: Server, lane: Lane) -> Backend:
        backend = Backend(
            self.connect(server.config),
            lane.replies,
            lane.greeting(self.settings),
            server,
            self.loop.turn,
            self.loop.sockets,
            self._timeout(),
            self.readSize,
        )
        pipeline = Pipeline(
            backend,
            server.counters,
            self.dialect.errorLine,
            server.answered,
            server.index,
            server.troubled,
        )
        self._sample(pipeline, server.config.name)
        backend.attach(pipeline)
        self.bind(backend)
        return backend

    def bind(self, backend: Backend) -> None:
        """
        Hold a connection to the bounds of the configuration, whether it is made or not.
        """
        backend.pipeline.replyMax = self.settings.reply_bytes_max
        backend.follow(self._timeout(), self.config.server_bytes_max)

    def _timeout(self) -> float | None:
        timeout = self.config.timeout
        return None if timeout is None else timeout / 1000

    def standIn(self, *why: str) -> Pipeline:
        """
        What stands in for a connection; see L{NoServer}.
        """
        pipeline = NoServer(self.loop.turn, self.dialect.errorLine, *why).pipeline
        self._sample(pipeline, None)
        return pipeline

    def _sample(self, pipeline: Pipeline, server: str | None) -> None:
        if self.sampler is not None:
            pipeline.sampler = PipelineSampler(self.sampler, server)

    def probe(self, done: Callable[[bool], None]) -> Probe:
        """
        Make ready to ask a server whether it is well.

        @param done: called once with the answer.
        """
        question, answers = self.dialect.probe(self.settings)
        return Probe(question, answers, self.loop.sockets, self._patience(), done)

    def ask(self, server: ServerConfig, probe: Probe) -> None:
        """
        Connect a probe to its server.
        """
        self.connect(server)(probe, self._patience())

    def _patience(self) -> float:
        return (self.config.timeout or PROBE_TIMEOUT) / 1000
