"""What twemproxy says to a file, nuttwist says to it, but for listed differences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nuttwist.config.file import loadConfig
from tests.unit.config.yamltext import mistakesIn

DATA = Path(__file__).parents[2] / "data"
CASES = json.loads((DATA / "config/config-cases.json").read_text())["cases"]
DIFFERENCES = dict(
    line.split(": ", 1) for line in (DATA / "config-differences.txt").read_text().splitlines()
)
SAMPLES = sorted((DATA.parents[1] / "conf").glob("*.yml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_verdictIsTwemproxys(case):
    """A file is refused if and only if twemproxy refuses it, or the difference is listed."""
    isRefused = bool(mistakesIn(case["yaml"].encode("latin-1")))
    assert (isRefused != bool(case["exit"])) == (case["name"] in DIFFERENCES)


def test_everyListedDifferenceIsAboutACase():
    """The list of differences names recorded cases only, and gives a reason for each."""
    assert set(DIFFERENCES) <= {case["name"] for case in CASES}
    assert all(DIFFERENCES.values())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_sampleFilesAreValid(path):
    """A file in conf/ can be used as it is, has several pools, and stays on loopback."""
    pools = loadConfig(str(path))
    assert len(pools) > 1
    assert all(pool.listen.host == "127.0.0.1" or pool.listen.path for pool in pools)
    assert all(s.host == "127.0.0.1" or s.path for pool in pools for s in pool.servers)


def test_thereAreThreeSampleFiles():
    """The samples are a plain proxy, and the two levels of a tree of proxies."""
    names = ["nutcracker.leaf.yml", "nutcracker.root.yml", "nutcracker.yml"]
    assert [path.name for path in SAMPLES] == names
