"""The dashboard in a real browser, in front of a real proxy and real memcacheds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import Request, urlopen

import attrs
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.e2e.browser import Browser
from tests.e2e.command import SECONDS, exchange
from tests.e2e.proxy import Proxy, poolText
from tests.e2e.servers import HOST, RealServer, freePort, startMemcached

TOKEN = "0123456789abcdef"
HOSTILE = '<img/src=x/onerror=document.title="taken">'
KEYS = (
    "hash: md5",
    "auto_eject_hosts: true",
    "server_failure_limit: 1",
    "server_retry_timeout: 600000",
    "slow_log_threshold: 1",
)

# How a server stands on the page, by the number in its name.
ROW = "[...document.querySelectorAll('#servers tbody tr')].find((row) => row.querySelector('.name')"
ROW += "?.textContent === arguments[0])"
STANDING = f"{ROW}?.querySelector('.standing').className"

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


@attrs.frozen
class Stage:
    """What is on show."""

    browser: Browser
    proxy: Proxy
    servers: list[RealServer]
    http: int
    other: int

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.http}/"

    def ask(self, number: int = 60) -> None:
        """Have the proxy asked for keys of all servers, and for a hostile one."""
        with self.proxy.connect() as client:
            for key in [HOSTILE, *(f"user:{each}" for each in range(number))]:
                assert exchange(client, f"get {key}\r\n".encode(), b"\r\n")

    def untilStanding(self, server: str, state: str) -> None:
        """Wait until the page says so of a server."""
        self.browser.until(f"({STANDING})?.includes(arguments[1])", server, state)

    def readmit(self, server: str) -> None:
        """Let a server in that a test has left out, without the page."""
        path = f"{self.address}api/v1/pools/pool/servers/{server}/readmit"
        urlopen(Request(path, b"", {"Authorization": f"Bearer {TOKEN}"}), timeout=SECONDS).close()

    def press(self, server: str) -> None:
        """The button of a server."""
        self.browser.js(f"{ROW}.querySelector('button').click()", server)

    def give(self, token: str) -> None:
        """A token to the question for it."""
        self.browser.until("document.querySelector('#ask').open")
        ActionChains(self.browser.driver).send_keys(token, Keys.ENTER).perform()
        self.browser.until("!document.querySelector('#ask').open || !arguments[0]", token)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all tests."""
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
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
    _stage.browser.complaints()
    yield _stage
    assert _stage.browser.complaints() == []


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


def test_aDeadServerTurnsEjectedAndIsBackByButton(stage: Stage) -> None:
    """The row, the tile, the ring and the events tell; readmitting asks for the token once."""
    page = stage.browser
    stage.servers[1].kill()
    try:
        stage.ask()
        stage.untilStanding("s1", "ejected")
        page.untilText("#tiles", "2 of 3 live")
        page.untilText("#ring", "ejected")
        page.untilText("#events", "ejected s1")
        page.untilText("#announced", "ejected s1")
        assert "▲ 1 out" in page.driver.title
    finally:
        stage.servers[1].restart()
    stage.press("s1")
    stage.give(TOKEN)
    page.untilText("#notice", "s1 of pool is in again")
    stage.untilStanding("s1", "live")


def test_aServerIsTakenOutByHand(stage: Stage) -> None:
    """With the token given once, eject and readmit need no more questions."""
    stage.press("s0")
    stage.give(TOKEN)
    stage.untilStanding("s0", "out")
    stage.browser.untilText("#tiles", "2 of 3 live")
    stage.press("s0")
    stage.untilStanding("s0", "live")
    assert stage.browser.js("sessionStorage.getItem('nuttwist.token')") == TOKEN


def test_aWrongTokenChangesNothing(stage: Stage) -> None:
    """It is said and forgotten, and another is asked for; none at all is a no."""
    page = stage.browser
    stage.press("s0")
    page.until("document.querySelector('#ask').open")
    ActionChains(page.driver).send_keys("wrong", Keys.ENTER).perform()
    page.untilText("#ask-text", "was not accepted")
    page.untilText("#notice", "s0 was left as it is")
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until("!document.querySelector('#ask').open")
    assert page.js("sessionStorage.getItem('nuttwist.token')") is None
    assert "live" in page.js(STANDING, "s0")
    (complaint,) = page.complaints()
    assert "401" in complaint


def test_theLastLiveServerIsAskedAbout(stage: Stage) -> None:
    """It is ejected only after another yes."""
    page = stage.browser
    page.open(f"{stage.address}#pool=a%2Fb%20%3Cc%3E")
    page.untilText("#pool-name", "a/b <c>")
    page.js("sessionStorage.setItem('nuttwist.token', arguments[0])", TOKEN)
    stage.untilStanding("s0", "live")
    stage.press("s0")
    page.untilText("#ask", "last live server of a/b <c>")
    page.find("#ask-no").click()
    page.until("!document.querySelector('#ask').open")
    stage.press("s0")
    page.untilText("#ask", "Eject it")
    page.find("#ask-yes").click()
    stage.untilStanding("s0", "out")
    page.untilText("#ring", "No server is in the ring")
    with stage.proxy.connect(stage.other) as client:
        assert exchange(client, b"get a\r\n", b"\r\n").startswith(b"SERVER_ERROR")
    page.untilText("#failures", "no server was live")
    stage.press("s0")
    stage.untilStanding("s0", "live")


def test_withoutAPointer(stage: Stage) -> None:
    """Tab reaches all that can be used, where it is can be seen, and keys do what clicks do."""
    page = stage.browser
    keys = ActionChains(page.driver)
    keys.send_keys(Keys.TAB).perform()
    assert page.js("document.activeElement.className") == "skip"
    met = []
    while len(met) < 60 and page.js("document.activeElement.id") != "events-all":
        assert page.js("getComputedStyle(document.activeElement).outlineStyle") == "solid", met
        met.append(
            page.js(
                "document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.id || document.activeElement.innerText"
            )
        )
        keys.send_keys(Keys.TAB).perform()
    assert met[:4] == ["Skip to the pools", "Pools", "pool", "a/b <c>"]
    assert {"Eject s0", "Eject s1", "Eject s2", "tab-requests"} <= set(met)
    assert any(each.startswith("Latency: p50") for each in met)
    page.js("document.querySelector('#tab-requests').focus()")
    keys.send_keys(Keys.ARROW_RIGHT).perform()
    page.until("document.activeElement.id === 'tab-bytes'")
    page.until("document.activeElement.getAttribute('aria-selected') === 'true'")
    page.until("document.querySelector('#chart-requests .line[d]:not([d=\"\"])')")
    page.js("document.querySelector('#chart-requests .plot').focus()")
    keys.send_keys(Keys.ARROW_LEFT).perform()
    page.until(
        "/^\\d\\d:\\d\\d:\\d\\d: requests/.test("
        "document.querySelector('#chart-requests [aria-live]').textContent)"
    )
    page.js(f"{ROW}.querySelector('button').focus()", "s2")
    keys.send_keys(Keys.ENTER).perform()
    stage.give(TOKEN)
    stage.untilStanding("s2", "out")
    assert page.js("document.activeElement.getAttribute('aria-label')") == "Readmit s2"
    keys.send_keys(Keys.SPACE).perform()
    stage.untilStanding("s2", "live")


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
    assert all("ERR_CONNECTION" in each for each in page.complaints())


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
