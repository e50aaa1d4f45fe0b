"""
A real Chromium without a window, and the dashboard in it.

    with Browser(tmp_path) as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.until("document.title.includes('nuttwist')")

Everything is asked of the page by a piece of JavaScript, again and again until it is so: the page
changes by itself, and an element that was found may be gone a moment later.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.e2e.command import SECONDS

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


class Browser:
    """
    One Chromium with one tab, ended with the block.

    @ivar driver: selenium's.
    """

    def __init__(self, folder: Path) -> None:
        """
        Start it with an empty profile.

        @param folder: where its profile is written.
        """
        options = webdriver.ChromeOptions()
        options.binary_location = _program("chromium")
        for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(_program("chromedriver"))
        self.driver = webdriver.Chrome(options, service)

    def __enter__(self) -> Browser:  # noqa: PYI034  typing.Self is younger than Python 3.10
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.driver.quit()

    def open(self, address: str) -> None:
        """Go to a page, loading it also if only what follows C{#} is different."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Look through a window of that size, with or without a liking for the dark."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # What glides is not where a click is to go.
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, still]})

    def js(self, expression: str, *arguments: object) -> Any:
        """The value of an expression in the page; C{arguments[0]} and so on are in it."""
        return self.driver.execute_script(f"return ({expression})", *arguments)

    def until(self, expression: str, *arguments: object) -> Any:
        """Ask until the value is true, and give it; else fail with the text of the page."""
        return self.untilUnder(self._frame, expression, *arguments)

    def untilUnder(self, load: Callable[[], None], expression: str, *arguments: object) -> Any:
        """The same, with something done each time that it is not so yet."""
        deadline = time.monotonic() + SECONDS
        while not (value := self.js(expression, *arguments)):
            assert time.monotonic() < deadline, f"never {expression}:\n{self.text('body')}"
            load()
        return value

    def _frame(self) -> None:
        # A page that goes away meanwhile draws nothing more, and what follows it is looked at.
        with suppress(JavascriptException):
            self.driver.execute_async_script("requestAnimationFrame(arguments[0])")

    def text(self, selector: str) -> str:
        """What can be read in the first element of a selector."""
        said: str = self.js("document.querySelector(arguments[0])?.innerText ?? ''", selector)
        return said

    def untilText(self, selector: str, words: str) -> None:
        """Wait until words can be read in an element."""
        ask = "(document.querySelector(arguments[0])?.innerText ?? '').includes(arguments[1])"
        self.until(ask, selector, words)

    def find(self, selector: str) -> WebElement:
        """The first element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def complaints(self) -> list[str]:
        """What the console has shown as errors since the last time."""
        lines = self.driver.get_log("browser")
        return [each["message"] for each in lines if each["level"] == "SEVERE"]


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not on PATH; tests/setup.sh installs it"
    return found
