"""What is on show: a real browser, and a proxy in front of real memcacheds."""

from __future__ import annotations

from urllib.request import Request, urlopen

import attrs
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.e2e.browser import Browser
from tests.e2e.command import SECONDS, exchange
from tests.e2e.proxy import Proxy
from tests.e2e.servers import HOST, RealServer

TOKEN = "0123456789abcdef"

HOSTILE = '<img/src=x/onerror=document.title="taken">'

# How a server stands on the page, by the number in its name.
ROW = "[...document.querySelectorAll('#servers tbody tr')].find((row) => row.querySelector('.name')"
ROW += "?.textContent === arguments[0])"

STANDING = f"{ROW}?.querySelector('.standing').className"


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
