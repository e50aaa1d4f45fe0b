"""
What a source tells, for Prometheus; names and units follow its conventions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isinf

import attrs
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from nuttwist.http.source import Look, PoolLook
from nuttwist.observed import Timing
from nuttwist.wire.samples import Histogram

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


@attrs.frozen
class Row:
    """
    A metric that is one of the counters.

    @ivar field: of the counters.
    @ivar label: the value of the label C{label} of the metric, for several counters in one.
    """

    name: str
    about: str
    field: str
    label: tuple[str, str] | None = None


_CLOSED = "Client connections that ended, by how."
_LOST = "Server connections that were lost, by how."
_QUEUED = "Requests in the queues of server connections: not written yet (in), no reply yet (out)."
_QUEUED_BYTES = "Bytes of the requests in the queues of server connections."

POOL_COUNTERS = (
    Row("nuttwist_client_connections_closed", _CLOSED, "client_eof", ("reason", "eof")),
    Row("nuttwist_client_connections_closed", _CLOSED, "client_err", ("reason", "error")),
    Row(
        "nuttwist_client_connections_refused",
        "Clients over the limit client_connections.",
        "client_refused",
    ),
    Row("nuttwist_connections_opened", "Sockets opened, of clients and to servers.", "opened"),
    Row("nuttwist_ejections", "Times that a server was ejected over failures.", "server_ejects"),
    Row(
        "nuttwist_error_replies",
        "Client requests answered with an error of the proxy's own.",
        "forward_error",
    ),
    Row("nuttwist_fragments", "Parts that requests for several servers became.", "fragments"),
)
POOL_GAUGES = (Row("nuttwist_client_connections", "Clients connected.", "client_connections"),)
SERVER_COUNTERS = (
    Row("nuttwist_server_requests", "Requests to the server.", "requests"),
    Row("nuttwist_server_request_bytes", "Bytes of those requests.", "request_bytes"),
    Row("nuttwist_server_replies", "Replies of the server.", "responses"),
    Row("nuttwist_server_reply_bytes", "Bytes of those replies.", "response_bytes"),
    Row("nuttwist_server_connections_lost", _LOST, "server_eof", ("reason", "eof")),
    Row("nuttwist_server_connections_lost", _LOST, "server_err", ("reason", "error")),
    Row("nuttwist_server_connections_lost", _LOST, "server_timedout", ("reason", "timeout")),
)
SERVER_GAUGES = (
    Row("nuttwist_server_connections", "Connections to the server.", "server_connections"),
    Row("nuttwist_server_queue_requests", _QUEUED, "in_queue", ("queue", "in")),
    Row("nuttwist_server_queue_requests", _QUEUED, "out_queue", ("queue", "out")),
    Row("nuttwist_server_queue_bytes", _QUEUED_BYTES, "in_queue_bytes", ("queue", "in")),
    Row("nuttwist_server_queue_bytes", _QUEUED_BYTES, "out_queue_bytes", ("queue", "out")),
)

Family = type[CounterMetricFamily] | type[GaugeMetricFamily]
#: Values of the first labels, and the counters.
Cells = list[tuple[list[str], dict[str, int]]]


def _table(kind: Family, rows: Iterable[Row], labels: list[str], cells: Cells) -> Iterator[Metric]:
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for row in rows:
        more = [] if row.label is None else [row.label[0]]
        family = families.get(row.name)
        if family is None:
            family = families[row.name] = kind(row.name, row.about, labels=[*labels, *more])
        value = [] if row.label is None else [row.label[1]]
        for labelled, counters in cells:
            family.add_metric([*labelled, *value], counters[row.field])
    yield from families.values()


def _histograms(
    name: str, about: str, labels: list[str], timings: Iterable[tuple[list[str], Timing]]
) -> Metric:
    family = HistogramMetricFamily(name, about, labels=labels)
    for values, timing in timings:
        histogram = Histogram(timing.counts, timing.total)
        buckets = [
            ("+Inf" if isinf(bound) else floatToGoString(bound), count)
            for bound, count in histogram.buckets()
        ]
        family.add_metric(values, buckets, timing.total)
    return family


def _gauge(
    name: str, about: str, labels: list[str], values: Iterable[tuple[list[str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family


@attrs.frozen(eq=False)
class Collector:
    """
    One moment of the proxy, as metrics.

    @ivar started: seconds since 1970.
    @ivar reloads: how many there were since then.
    """

    look: Look
    started: float
    reloads: int
    version: str
    form: str

    def collect(self) -> Iterator[Metric]:
        """
        All metrics.
        """
        yield from self._process()
        yield from self._pools(self.look.pools)
        yield from self._servers(self.look.pools)
        yield from self._durations(self.look.pools)

    def _process(self) -> Iterator[Metric]:
        yield _gauge(
            "nuttwist_build_info",
            "Always 1; the version, and whether the core is compiled.",
            ["version", "form"],
            [([self.version, self.form], 1)],
        )
        yield GaugeMetricFamily(
            "nuttwist_start_time_seconds", "When the proxy was started.", self.started
        )
        yield CounterMetricFamily("nuttwist_reloads", "Reloads that were taken.", self.reloads)
        workers = self.look.workers
        yield GaugeMetricFamily(
            "nuttwist_workers", "Processes that serve clients.", len(workers) or 1
        )
        family = CounterMetricFamily(
            "nuttwist_worker_starts", "Starts of each worker.", labels=["worker"]
        )
        for each in workers:
            family.add_metric([str(each["worker"])], each["starts"])
        yield family

    def _pools(self, pools: Iterable[PoolLook]) -> Iterator[Metric]:
        cells: Cells = [([each.config.name], each.figures.counters) for each in pools]
        yield from _table(CounterMetricFamily, POOL_COUNTERS, ["pool"], cells)
        yield from _table(GaugeMetricFamily, POOL_GAUGES, ["pool"], cells)
        yield _gauge(
            "nuttwist_pool_listening",
            "1 while the pool listens.",
            ["pool"],
            [([each.config.name], each.figures.listening) for each in pools],
        )
        yield _gauge(
            "nuttwist_pool_servers",
            "Servers of the pool.",
            ["pool"],
            [([each.config.name], len(each.config.servers)) for each in pools],
        )
        yield _gauge(
            "nuttwist_pool_live_servers",
            "Servers that are neither ejected nor taken out by hand.",
            ["pool"],
            [([each.config.name], each.live()) for each in pools],
        )

    def _servers(self, pools: Iterable[PoolLook]) -> Iterator[Metric]:
        cells: Cells = [
            ([pool.config.name, name], counters)
            for pool in pools
            for name, counters in pool.figures.servers.items()
        ]
        labels = ["pool", "server"]
        yield from _table(CounterMetricFamily, SERVER_COUNTERS, labels, cells)
        yield from _table(GaugeMetricFamily, SERVER_GAUGES, labels, cells)
        yield _gauge(
            "nuttwist_server_live",
            "0 while the server is ejected or taken out by hand, else 1.",
            labels,
            [
                ([pool.config.name, name], standing.state == "live")
                for pool in pools
                for name, standing in pool.seen.standings.items()
            ],
        )
        yield _gauge(
            "nuttwist_server_ejected_timestamp_seconds",
            "When the server was last ejected; 0 if never.",
            labels,
            [(values, each["server_ejected_at"] / 1_000_000) for values, each in cells],
        )
        family = CounterMetricFamily(
            "nuttwist_request_failures",
            "Requests to servers that failed in the proxy, parts of split requests included;"
            " no server when none was live.",
            labels=[*labels, "reason"],
        )
        for pool in pools:
            for server, reason, count in pool.seen.failures:
                family.add_metric([pool.config.name, server or "", reason], count)
        yield family

    def _durations(self, pools: Iterable[PoolLook]) -> Iterator[Metric]:
        yield _histograms(
            "nuttwist_request_duration_seconds",
            "From the arrival of a request to its reply; of replies that came together, that of"
            " the oldest request.",
            ["pool"],
            [([each.config.name], each.seen.latency) for each in pools],
        )
        yield _histograms(
            "nuttwist_server_request_duration_seconds",
            "The same by server.",
            ["pool", "server"],
            [
                ([pool.config.name, server], timing)
                for pool in pools
                for server, timing in pool.seen.servers.items()
            ],
        )
        yield _histograms(
            "nuttwist_sampled_command_duration_seconds",
            "The same by command, of requests that were sampled.",
            ["pool", "command"],
            [
                ([pool.config.name, command], timing)
                for pool in pools
                for command, timing in pool.seen.commands.items()
            ],
        )


def exposition(collector: Collector) -> bytes:
    """
    The text that Prometheus reads.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
