"""Servers are taken out and let in by the page's buttons, with the mouse and without."""

from __future__ import annotations

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.e2e.command import exchange
from tests.e2e.dashboard.stage import ROW, STANDING, TOKEN, Stage


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
    # In one breath: the page is told of the no later.
    page.js(
        f"(document.querySelector('#ask-no').click(), {ROW}.querySelector('button').click())", "s0"
    )
    page.until("document.querySelector('#ask').open")
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
