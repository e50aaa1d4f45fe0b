"""What the tests of the dashboard are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.browser import Browser
from tests.e2e.dashboard.stage import TOKEN, Stage
from tests.e2e.proxy import Proxy, poolText
from tests.e2e.servers import freePort, startMemcached

KEYS = (
    "hash: md5",
    "auto_eject_hosts: true",
    "server_failure_limit: 1",
    "server_retry_timeout: 600000",
    "slow_log_threshold: 1",
)


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all tests."""
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="package")
def _stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as started:
        servers = [started.enter_context(startMemcached()) for _ in range(3)]
        folder, http = tmp_path_factory.mktemp("dashboard"), freePort()
        other = freePort()
        others = poolText(other, servers[:1], name="a/b <c>")
        proxy = Proxy(folder, servers, *KEYS, others=others, http=http, token=TOKEN)
        yield Stage(browser, started.enter_context(proxy), servers, http, other)


@pytest.fixture
def stage(_stage: Stage) -> Iterator[Stage]:
    """The page of a proxy whose servers are all live; nothing complains at the end."""
    for server in ("s0", "s1", "s2"):
        _stage.readmit(server)
    _stage.browser.size(1280, 900)
    _stage.browser.open(_stage.address)
    _stage.browser.js("sessionStorage.clear()")
    _stage.browser.untilText("#connection", "live")
    for name in ("s0", "s1", "s2"):
        _stage.untilStanding(name, "live")
    assert _stage.browser.complaints() == []
    yield _stage
    assert _stage.browser.complaints() == []
