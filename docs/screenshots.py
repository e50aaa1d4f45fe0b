"""
Makes the pictures of docs/dashboard.md: a real proxy under load, in a real Chromium.

    python docs/screenshots.py --minutes 5

It needs the packages of the extra `test`, memcached, chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.e2e.browser import Browser  # noqa: E402  the tree is on the path only now
from tests.e2e.proxy import Proxy, poolText  # noqa: E402
from tests.e2e.servers import HOST, freePort, startMemcached  # noqa: E402

TOKEN = "0123456789abcdef"  # noqa: S105  of a proxy that lives for a few minutes
KEYS = (
    "hash: md5",
    "auto_eject_hosts: true",
    "timeout: 2000",
    "server_failure_limit: 2",
    "server_retry_timeout: 60000",
    "slow_log_threshold: 20",
)
WIDE, NARROW = (1280, 1180), (360, 1500)


def talk(port: int, seed: int, ended: threading.Event) -> None:
    """Read and write keys, some much more often than others, in waves."""
    choose = random.Random(seed)  # noqa: S311  a load, no secret
    with suppress(OSError), socket.create_connection((HOST, port)) as client:
        replies = client.makefile("rb")
        while not ended.wait(0.05):
            for _ in range(int(20 + 12 * abs(time.monotonic() % 80 - 40) / 40)):
                key = b"user:%d" % (choose.paretovariate(0.9) % 5000)
                if choose.random() < 0.2:
                    size = choose.randrange(50, 900)
                    client.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key, size, b"x" * size))
                    replies.readline()
                else:
                    client.sendall(b"get %s\r\n" % key)
                    while not replies.readline().startswith((b"END", b"SERVER_ERROR")):
                        pass


@contextmanager
def load(*ports: int) -> Iterator[None]:
    """Two clients at each port."""
    ended = threading.Event()
    threads = [
        threading.Thread(target=talk, args=(port, seed, ended)) for port in ports for seed in (1, 2)
    ]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        ended.set()
        for each in threads:
            each.join()


class Camera:
    """Takes the pictures."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    def take(
        self, name: str, size: tuple[int, int] = WIDE, top: str = "body", *, dark: bool = False
    ) -> None:
        """Write a picture of what is below the top of an element."""
        page = self._browser
        page.size(*size, dark=dark)
        # Two more answers are shown, and the charts have the new width.
        page.js("performance.clearResourceTimings()")
        page.until("performance.getEntriesByType('resource').length > 6")
        self.shoot(name, top)

    def shoot(self, name: str, top: str = "body") -> None:
        """The same, as the page is now."""
        page = self._browser
        page.js("document.querySelector(arguments[0]).scrollIntoView()", top)
        # The name of the machine is nobody's business.
        page.js("document.querySelector('#about').firstChild.data = 'proxy1.example · 0.1.0'")
        page.driver.save_screenshot(str(self._folder / f"dashboard-{name}.png"))
        print(f"dashboard-{name}.png")


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="of load before the pictures")
    parser.add_argument("--out", type=Path, default=HERE / "img", help="the folder")
    options = parser.parse_args()
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory()))
        servers = [started.enter_context(startMemcached()) for _ in range(5)]
        other, http = freePort(), freePort()
        sessions = poolText(other, servers[:2], *KEYS, name="sessions")
        proxy = Proxy(folder, servers, *KEYS, others=sessions, http=http, token=TOKEN)
        started.enter_context(proxy)
        page = started.enter_context(Browser(folder))
        camera = Camera(page, options.out)
        page.size(*WIDE)
        page.open(f"http://{HOST}:{http}/")
        page.untilText("#slow", "No request")
        camera.take("empty")
        with load(proxy.port, other):
            time.sleep(options.minutes * 30)
            servers[2].stop()
            time.sleep(0.15)
            servers[2].cont()
            time.sleep(options.minutes * 30)
            camera.take("overview")
            camera.take("dark", dark=True)
            camera.take("phone", NARROW)
            servers[3].kill()
            page.untilText("#events", "ejected s3")
            camera.take("ejected", top="#servers")
            page.js("document.querySelectorAll('#servers button')[1].click()")
            page.until("document.querySelector('#ask').open")
            camera.take("token", (1280, 700), top="#servers")
            page.js("document.querySelector('#ask').close()")
            proxy.kill()
            page.untilText("#connection", "no connection since")
            page.size(1280, 700)
            camera.shoot("lost")


if __name__ == "__main__":
    main()
