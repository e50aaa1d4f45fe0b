"""C{nutproxy ring}: the shares of the servers."""

from __future__ import annotations

import pytest

from tests.unit.commands.asking import poolText


def test_sharesAreTold(ask):
    """Each server has its weight, its points and its share; the shares are the whole."""
    told = ask("ring", ask.file(poolText("cache", "a b c*2")), "--json").json
    servers = told["pools"][0]["servers"]
    assert [(each["server"], each["weight"], each["points"]) for each in servers] == [
        ("a", 1, 120),
        ("b", 1, 120),
        ("c", 2, 240),
    ]
    assert sum(each["share"] for each in servers) == pytest.approx(1)
    assert [each["fair"] for each in servers] == [0.25, 0.25, 0.5]


def test_tableHasARowAServer(ask):
    """For people the shares are percentages, and what has no points a dash."""
    told = ask("ring", ask.file(poolText("cache", "a b*3", "distribution: modula")))
    head, titles, first, second = told.answer.splitlines()
    assert head == "pool cache: modula, fnv1a_64"
    assert titles.split()[:4] == ["server", "address", "weight", "points"]
    assert first.split() == ["a", "127.0.0.1:11211", "1", "-", "25.00%", "25.00%"]
    assert second.split() == ["b", "127.0.0.1:11212", "3", "-", "75.00%", "75.00%"]


def test_poolsWithoutARingAreDrawnToo(ask):
    """A pool that has no circle is drawn by its shares."""
    path = ask.file(poolText("cache", "a b", "distribution: modula"))
    told = ask("ring", path, "--png", ask.folder / "x.png", "--json")
    assert told.status == 0
    assert (ask.folder / "x.png").stat().st_size > 1000
    assert told.json["pools"][0]["pool"] == "cache"
