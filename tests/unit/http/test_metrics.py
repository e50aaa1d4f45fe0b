"""The metrics, read by Prometheus's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from nuttwist.http.metrics import Collector, exposition
from nuttwist.observed import EJECTED, Standing, Timing
from nuttwist.wire.samples import BOUNDS
from tests.unit.http.looks import lookAt, poolLook


def told(look, reloads=0):
    """The values by name and labels, as Prometheus reads them."""
    text = exposition(Collector(look, 50.0, reloads, "1.0", "pure")).decode()
    return {
        (each.name, *sorted(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_countersHaveLabelsAndTotals():
    """Several counters are one metric with a label."""
    servers = {"a": {"requests": 7, "server_eof": 1, "server_timedout": 2}}
    values = told(lookAt(poolLook("a", servers=servers, counters={"forward_error": 3})))
    leaf, a = ("pool", "leaf"), ("server", "a")
    lost = "nuttwist_server_connections_lost_total"
    assert values["nuttwist_error_replies_total", leaf] == 3
    assert values["nuttwist_server_requests_total", leaf, a] == 7
    assert values[lost, leaf, ("reason", "eof"), a] == 1
    assert values[lost, leaf, ("reason", "timeout"), a] == 2


def test_aServerThatIsOutIsNotLive():
    """It is 0, and the pool counts one less."""
    look = poolLook("a", "b", seen={"standings": {"a": Standing(EJECTED), "b": Standing()}})
    values = told(lookAt(look))
    leaf = ("pool", "leaf")
    assert values["nuttwist_server_live", leaf, ("server", "a")] == 0
    assert values["nuttwist_server_live", leaf, ("server", "b")] == 1
    assert values["nuttwist_pool_live_servers", leaf] == 1
    assert values["nuttwist_pool_servers", leaf] == 2


def test_histogramsAddUpFromBucketToBucket():
    """The last bucket is the count, and the sum is in seconds."""
    counts = [0, 2, *[0] * (len(BOUNDS) - 2), 1]
    values = told(lookAt(poolLook("a", seen={"latency": Timing(counts, 12.5)})))
    name, leaf = "nuttwist_request_duration_seconds", ("pool", "leaf")
    assert values[f"{name}_bucket", ("le", "5e-05"), leaf] == 0
    assert values[f"{name}_bucket", ("le", "0.0001"), leaf] == 2
    assert values[f"{name}_bucket", ("le", "+Inf"), leaf] == 3
    assert (values[f"{name}_count", leaf], values[f"{name}_sum", leaf]) == (3, 12.5)


def test_labelsAreEscaped():
    """A reason with quotes, backslashes and lines is read as it was."""
    reason = 'a "b" \\ c\nd'
    values = told(lookAt(poolLook("a", seen={"failures": [(None, reason, 4)]})))
    labels = ("pool", "leaf"), ("reason", reason), ("server", "")
    assert values[("nuttwist_request_failures_total", *labels)] == 4


def test_theProcessIsTold():
    """Version, start, reloads and workers; one process is one worker."""
    values = told(lookAt(), reloads=2)
    assert values["nuttwist_build_info", ("form", "pure"), ("version", "1.0")] == 1
    assert values[("nuttwist_start_time_seconds",)] == 50.0
    assert values[("nuttwist_reloads_total",)] == 2
    assert values[("nuttwist_workers",)] == 1


def test_workersHaveStarts():
    """By the number of their place."""
    workers = [{"worker": 0, "starts": 1}, {"worker": 1, "starts": 3}]
    values = told(lookAt(workers=workers))
    assert values[("nuttwist_workers",)] == 2
    assert values["nuttwist_worker_starts_total", ("worker", "1")] == 3
