"""C{nutproxy stats} and C{top}: readings, rates and frames, with the port's words made up."""

from __future__ import annotations

import pytest

from nuttwist.commands import top
from nuttwist.commands.mistakes import CommandError
from nuttwist.commands.rates import ratesBetween
from nuttwist.commands.statsport import duration, headline, readingOf
from nuttwist.commands.terminal import Terminal

SERVER = {
    "server_eof": 0,
    "server_err": 0,
    "server_timedout": 0,
    "server_connections": 1,
    "server_ejected_at": 0,
    "requests": 0,
    "request_bytes": 0,
    "responses": 0,
    "response_bytes": 0,
    "in_queue": 0,
    "in_queue_bytes": 0,
    "out_queue": 0,
    "out_queue_bytes": 0,
}
PLACE = ("127.0.0.1", 22222)


def documentOf(uptime=10, service="nuttwist", forward_error=0, client_err=0, **server):
    """What a port with one pool of one server says."""
    pool = {
        "client_eof": 0,
        "client_err": client_err,
        "client_connections": 4,
        "server_ejects": 0,
        "forward_error": forward_error,
        "fragments": 0,
        "one": {**SERVER, **server},
    }
    return {
        "service": service,
        "source": "host",
        "version": "1",
        "uptime": uptime,
        "timestamp": 1000 + uptime,
        "total_connections": 9,
        "curr_connections": 6,
        "pool": pool,
    }


def rates(before, after, seconds=2.0):
    """The one pool and its one server, between two documents."""
    (pool,) = ratesBetween(readingOf(before, 0.0), readingOf(after, seconds))
    return pool, pool.servers[0]


def test_ratesAreBySecond():
    """What was counted in two seconds is halved; errors are counts, gauges as they are."""
    pool, server = rates(
        documentOf(requests=10, request_bytes=100),
        documentOf(
            12, requests=30, request_bytes=300, responses=8, in_queue=3, server_err=2, client_err=1
        ),
    )
    assert (server.requests, server.bytesOut, server.replies) == (10.0, 100.0, 4.0)
    assert (server.inQueue, server.errors, server.connections) == (3, 2, 1)
    assert (pool.requests, pool.clients, pool.clientErrors) == (10.0, 4, 1)


@pytest.mark.parametrize("uptime", [1, 12])
def test_restartedProxyBeginsAtNothing(uptime):
    """Counters that went back, or an uptime that did, are counted from 0, never below."""
    pool, server = rates(
        documentOf(10, requests=500, forward_error=7),
        documentOf(uptime, requests=20, forward_error=1),
    )
    assert (server.requests, pool.errors) == (10.0, 1)


def test_ejectionIsToldByItsAge():
    """The time since a server was last ejected is by the proxy's own clock."""
    _, server = rates(documentOf(), documentOf(10, server_ejected_at=(1010 - 65) * 1000000))
    assert server.ejectedAgo == "1m 5s"
    _, server = rates(documentOf(), documentOf())
    assert server.ejectedAgo == "-"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59.9, "59s"), (60, "1m 0s"), (3661, "1h 1m"), (90061, "1d 1h")],
)
def test_durationHasTwoUnits(seconds, words):
    """A time is short to read."""
    assert duration(seconds) == words


def scripted(*answers):
    """What asks a port that gives these answers, one after the other."""
    left = iter(answers)

    def ask():
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def framesOf(*answers):
    """The frames of these answers, a second apart."""
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    found = top.frames(scripted(*answers), 1.0, lambda: now[0], sleep)
    return [next(found) for _ in answers[1:]]


def test_eachFrameIsAboutTheTimeSinceTheLast():
    """A second frame begins where the first ended."""
    first, second = framesOf(
        documentOf(requests=0), documentOf(11, requests=5), documentOf(12, requests=25)
    )
    assert [each.pools[0].requests for each in (first, second)] == [5.0, 20.0]


def test_silentPortIsWaitedFor():
    """A reading that fails is told, and the next one covers the time that was missed."""
    trouble = CommandError("nobody there")
    first, second = framesOf(documentOf(), trouble, documentOf(12, requests=10))
    assert (first.trouble, first.pools) == ("nobody there", ())
    assert (second.trouble, second.pools[0].requests) == ("", 5.0)


def test_portThatIsSilentAtFirstIsAnError():
    """Without a first reading there is nothing to show."""
    with pytest.raises(CommandError):
        next(top.frames(scripted(CommandError("no")), 1.0, float, lambda _: None))


def test_staleCountersAreSaidToBe(capsys):
    """twemproxy's counters lag behind, and the frame says so."""
    (frame,) = framesOf(documentOf(service="nutcracker"), documentOf(11, service="nutcracker"))
    Terminal().show(*top.parts(frame, PLACE))
    said = capsys.readouterr().out
    assert said.startswith("nutcracker 1 at 127.0.0.1:22222 on host, up 11s, 6 connections\n")
    assert top.STALE in said


def test_headlineHasBracketsWhereNeeded():
    """An IPv6 address is written so that it can be read back."""
    assert "at [::1]:22222 on" in headline(readingOf(documentOf(), 0.0), ("::1", 22222))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**30, "5.0 GiB")]
)
def test_bytesHaveAUnit(size, text):
    """Sizes are short to read."""
    assert top.bytesText(size) == text


def test_jsonIsSpelledAsTheCounters(monkeypatch, ask):
    """Names in the frame of --json are those of the statistics where there are such."""
    answers = scripted(documentOf(), documentOf(11, requests=3, in_queue=2))
    monkeypatch.setattr(top, "fetch", lambda _place: answers())
    told = ask("top", "--once", "--json", "--interval", "0.05").json
    (server,) = told["pools"][0]["servers"]
    assert (server["in_queue"], server["ejected_ago"]) == (2, "-")


def test_interruptIsTheUsualEnd(monkeypatch, ask):
    """Control-C ends top without an error."""

    def interrupted(_place):
        raise KeyboardInterrupt

    monkeypatch.setattr(top, "fetch", interrupted)
    assert ask("top").status == 0
