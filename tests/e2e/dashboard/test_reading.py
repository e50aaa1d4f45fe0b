"""The dashboard shows what is there, can be read, and asks nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.browser import Browser
from tests.e2e.dashboard.stage import HOSTILE, ROW, Stage
from tests.e2e.proxy import Proxy
from tests.e2e.servers import HOST, freePort, startMemcached

# Texts whose colour is too near that of their ground; WCAG 2.2 wants 4.5 to 1.
FAINT = """(() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    const colour = numbers(getComputedStyle(node).backgroundColor);
    return colour.length === 3 ? colour : ground(node.parentElement);
  };
  return [...document.querySelectorAll("body *")].filter((node) =>
    node.checkVisibility() && [...node.childNodes].some((each) => each.nodeType === 3
    && each.textContent.trim())).map((node) => {
      const style = getComputedStyle(node);
      const colour = node instanceof SVGElement ? style.fill : style.color;
      const pair = [light(numbers(colour)), light(ground(node))].sort((a, b) => b - a);
      return [node.textContent, (pair[0] + 0.05) / (pair[1] + 0.05)];
    }).filter(([, contrast]) => contrast < 4.5);
})()"""

# What the browser calls it when the proxy is gone, by what it was about.
LOST = {
    "ERR_CONNECTION_REFUSED": "to connect; nobody listens",
    "ERR_SOCKET_NOT_CONNECTED": "to use a connection that the kernel had made, and then reset",
    "ERR_CONNECTION_RESET": "to read; the request had not been read",
    "ERR_EMPTY_RESPONSE": "to read; the request had been read",
    "ERR_CONTENT_LENGTH_MISMATCH": "to read on",
}


def test_poolsAndServersAreShown(stage: Stage) -> None:
    """Each pool has a link, and the chosen one its servers, shares, ring and charts."""
    page = stage.browser
    links = page.js("[...document.querySelectorAll('#pools a')].map((each) => each.textContent)")
    assert links == ["pool", "a/b <c>"]
    assert page.text("#pool-name") == "pool"
    assert "3 live" in page.text("#tiles")
    assert len(page.js("[...document.querySelectorAll('#servers tbody tr')]")) == 3
    page.until("document.querySelectorAll('#ring .owner[d]').length === 3")
    assert len(page.js("[...document.querySelectorAll('.chart')]")) == 4


def test_anotherPoolIsChosenByItsLink(stage: Stage) -> None:
    """The address says which, so that going back comes back."""
    stage.browser.find("#pools tbody tr:nth-child(2) a").click()
    stage.browser.untilText("#pool-name", "a/b <c>")
    stage.browser.until("document.querySelectorAll('#servers tbody tr').length === 1")
    stage.browser.untilText("#ring", "One server has all keys")
    stage.browser.driver.back()
    stage.browser.untilText("#pool-name", "pool")


def test_numbersMoveUnderLoad(stage: Stage) -> None:
    """Requests appear in the tile, the chart and the row of each server without a reload."""
    page = stage.browser
    page.js("window.stayed = true")
    for number in (2, 3, 4):
        tile = f"document.querySelector('#tiles .tile:nth-child({number}) dd').textContent"
        page.untilUnder(stage.ask, f"parseFloat({tile}) > 0")
    page.until("document.querySelector('#chart-latency .line.second').getAttribute('d')")
    page.untilUnder(stage.ask, f"parseFloat({ROW}.children[3].textContent) > 0", "s0")
    page.until("document.querySelectorAll('#keys tbody tr').length > 5")
    assert page.js("window.stayed")


def test_aKeyIsTextWhateverItSays(stage: Stage) -> None:
    """A key that is HTML is read, not done, in top keys by any ranking."""
    page = stage.browser
    stage.ask(2)
    page.find("#tab-misses").click()
    for _ in range(5):
        stage.ask(0)
    names = "[...document.querySelectorAll('#keys th')].map((each) => each.textContent)"
    page.until(f"{names}.includes(arguments[0])", HOSTILE)
    assert page.js("document.querySelectorAll('img:not(header img)').length") == 0
    assert "taken" not in page.driver.title


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_itFitsAndCanBeRead(stage: Stage, width: int, dark: bool) -> None:
    """No scrolling sideways at any width, and no faint text on light or dark."""
    page = stage.browser
    stage.ask(2)
    page.size(width, 740, dark=dark)
    page.until("document.querySelectorAll('#keys tbody tr').length")
    assert page.js("[innerWidth, document.documentElement.scrollWidth]") == [width, width]
    assert page.js(FAINT) == []
    ground = page.js("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark


def test_nothingComesFromAnotherHost(stage: Stage) -> None:
    """All that the page has loaded is the proxy's own."""
    stage.browser.until("performance.getEntriesByType('resource').length > 20")
    hosts = stage.browser.js(
        "[...new Set(performance.getEntriesByType('resource').map((e) => new URL(e.name).host))]"
    )
    assert hosts == [f"{HOST}:{stage.http}"]


def test_aProxyThatIsGoneIsSaidAndFoundAgain(stage: Stage) -> None:
    """Since when there was no answer, and live again by itself when there is one."""
    page = stage.browser
    stage.proxy.kill()
    said = "document.querySelector('#connection').innerText"
    page.until(f"/no connection since \\d\\d:\\d\\d:\\d\\d/.test({said})")
    assert "s0" in page.text("#servers")
    stage.proxy.restart()
    page.untilText("#connection", "live")
    ends = {each.rpartition("net::")[2] for each in page.complaints()}
    assert ends
    assert ends <= LOST.keys()


def test_withoutATokenFileAndWithoutTraffic(browser: Browser, tmp_path: Path) -> None:
    """There are no buttons but a reason, and each list says why it is empty."""
    http = freePort()
    with startMemcached() as server, Proxy(tmp_path, [server], http=http):
        browser.open(f"http://{HOST}:{http}/")
        browser.untilText("#steering", "without --http-token-file")
        assert browser.js("[...document.querySelectorAll('.deed button')].every((e) => e.hidden)")
        assert not browser.find("#pools").is_displayed()
        browser.untilText("#keys", "No request with a key was seen yet")
        browser.untilText("#slow", "No request took 100 ms or longer")
        browser.untilText("#failures", "No request was answered with an error")
        browser.untilText("#ring", "One server has all keys")
        assert browser.complaints() == []
