"""What the log says, and what docs/logging.md says of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from twisted.logger import LogLevel, capturedLogs

from nuttwist.logs import events
from nuttwist.logs.events import EVENTS, RESERVED
from nuttwist.logs.levels import logFilter
from nuttwist.service import CLIENTS_FROM
from tests.unit.pools import heard

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "logging.md").read_text(encoding="utf-8").partition("<!-- events")[2]
ROWS = [
    re.split(r" *\| *", line.strip("| ")) for line in TABLE.splitlines() if line.startswith("| `")
]
BY_CONSTANT = {name: each for name, each in vars(events).items() if isinstance(each, events.Event)}
SOURCES = {
    path: ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.glob("nuttwist/**/*.py")
}


def calls():
    """Every call in the package, with the file that has it."""
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node


def test_pageHasEveryEventWithItsLevelAndFields() -> None:
    """The table of docs/logging.md is the one in the code, in its order."""
    told = [
        (name.strip("`"), level, re.findall(r"`(\w+)`", fields)) for name, level, fields, *_ in ROWS
    ]
    known = [(each.name, each.level.name, list(dict.fromkeys(each.fields))) for each in EVENTS]
    assert sorted(told) == sorted(known)


def test_namesAreApart() -> None:
    """No two events have a name in common, and no field hides what each line has."""
    assert len({each.name for each in EVENTS}) == len(EVENTS)
    assert [each.name for each in EVENTS if RESERVED & set(each.fields)] == []


def test_nothingIsLoggedButEvents() -> None:
    """Nobody calls a logger but an event, and whoever hands a worker's events on."""
    methods = {"debug", "info", "warn", "error", "critical", "emit", "failure"}
    mayLog = {"events.py", "logged.py"}
    found = [
        f"{path.name}:{call.lineno}"
        for path, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in methods
        and "log" in ast.unparse(call.func.value).lower()
        and path.name not in mayLog
    ]
    assert found == []


def test_everyEventIsToldWithItsFields() -> None:
    """Whoever tells of an event gives it the fields that it has, and each is told of somewhere."""
    told = set()
    for path, call in calls():
        name = ast.unparse(call.func).removesuffix(".failed")
        if name not in BY_CONSTANT:
            continue
        told.add(name)
        given = {keyword.arg for keyword in call.keywords}
        if None in given:
            given |= {"pool", "server", "address"}
        assert given - {None} == set(BY_CONSTANT[name].fields), f"{path.name}:{call.lineno}"
    chosen = {
        node.id
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
    }
    assert set(BY_CONSTANT) - told - chosen == set()


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: each.name)
def test_eventsAreOneLine(event: events.Event) -> None:
    """Nothing is told in several lines but what the demo prints for people."""
    assert event.name == "demo_listening" or "\n" not in event.text


def test_clientsAreToldOfAsSoonAsTheLogTakesThem() -> None:
    """From the verbosity on at which the log has everything, each client has its lines."""
    assert logFilter(CLIENTS_FROM).defaultLogLevel is LogLevel.debug
    assert logFilter(CLIENTS_FROM - 1).defaultLogLevel is not LogLevel.debug


def linesOf(machine, say, *, verbosity: int) -> list[str]:
    """The names of what is logged of clients while one of them does something."""
    machine.serve("one")
    machine.start()
    machine.proxy.setVerbosity(verbosity)
    with capturedLogs() as seen:
        client = machine.client()
        say(client)
        heard(client)
        machine.network.settle()
    return [(each["event"], each.get("reason")) for each in seen if "client" in each]


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (lambda client: client.close(), "closed by the client"),
        (lambda client: client.abort(), "Connection reset by peer"),
        (lambda client: client.send(b"quit\r\n"), "quit"),
        (lambda client: client.send(b"\x80 binary"), "not understood"),
    ],
)
def test_closedClientsAreToldOfWithTheReason(machine, say, why) -> None:
    """With a verbosity for it, a client has a line when it comes and one when it goes."""
    told = linesOf(machine, say, verbosity=7)
    assert told == [("client_accepted", None), ("client_closed", why)]


def test_clientsAreNotToldOfByDefault(machine) -> None:
    """At twemproxy's default level a client that comes and goes leaves no event at all."""
    assert linesOf(machine, lambda client: client.close(), verbosity=5) == []


def test_serversAreToldOf(machine) -> None:
    """A connection that is made and lost has a line for each, with pool, server and address."""
    machine.serve("one", type="fake", mode="hang")
    with capturedLogs() as seen:
        pool = machine.start(preconnect=True)
        (backend,) = pool.distributor.servers[0].backends
        backend._protocol.transport.abortConnection()
        machine.network.settle()
    told = [each for each in seen if each.get("event", "").startswith("server_")]
    assert [each["event"] for each in told[:2]] == ["server_connected", "server_lost"]
    address = pool.distributor.servers[0].config.address
    for each in told:
        assert (each["pool"], each["server"], each["address"]) == ("pool", "one", address)
