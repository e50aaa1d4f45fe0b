"""
Put the real output of every command that docs/commands.md shows into it.

Run C{python -m docs.commands}; tests fail when what is shown is not what is said. The commands that
ask a port get one: three memcacheds, and a proxy in front of them under some load.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"
EXAMPLE = re.compile(r"```console\n\$ nutproxy (.*)\n((?:.*\n)*?)```")
NUTPROXY = [sys.executable, "-m", "nuttwist"]
POOL, STATS, HTTP = "127.0.0.1:22121", "127.0.0.1:22222", "127.0.0.1:8222"


def examples(page: str) -> list[tuple[str, str]]:
    """The commands that a page shows, each with what it is shown to say."""
    return [(command, said) for command, said in EXAMPLE.findall(page)]


def isLive(command: str) -> bool:
    """Whether a command asks a port."""
    return any(each in command for each in (POOL, STATS, HTTP))


def said(command: str, *more: str) -> str:
    """What a command says, on both streams, without blanks at the ends of lines."""
    words = [*NUTPROXY, *shlex.split(command), *more]
    ended = subprocess.run(  # noqa: S603  the page's own commands
        words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return "".join(f"{line.rstrip()}\n" for line in (ended.stdout + ended.stderr).splitlines())


@contextmanager
def underLoad() -> Iterator[Callable[..., str]]:
    """
    A proxy under some load.

    @return: What runs a live command, in which the ports are those of the page.
    """
    from tests.e2e.proxy import Proxy  # noqa: PLC0415  only the live commands need servers
    from tests.e2e.servers import freePort, startMemcached  # noqa: PLC0415

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(startMemcached()) for _ in range(3)]
        http = freePort()
        proxy = stack.enter_context(Proxy(folder, servers, "timeout: 4000", http=http))
        ports = {POOL: f"127.0.0.1:{proxy.port}", STATS: f"127.0.0.1:{proxy.statsPort}"}
        ports[HTTP] = f"127.0.0.1:{http}"
        words = ["bench", ports[POOL], "--clients", "5", "--seconds", "600"]
        load = subprocess.Popen(  # noqa: S603  likewise
            [*NUTPROXY, *words], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        stack.callback(load.wait)
        stack.callback(load.kill)
        proxy.waitFor(lambda pool: pool["s0"]["requests"] > 2000)

        def run(command: str, *more: str) -> str:
            if command.startswith("bench"):
                load.kill()
            for shown, real in ports.items():
                command = command.replace(shown, real)
            answer = said(command, *more)
            for shown, real in ports.items():
                answer = answer.replace(real, shown)
            return re.sub(r"(22222 on) \S+,", r"\1 HOST,", answer)

        yield run


def main() -> None:
    """Write the page and its pictures anew."""
    page = PAGE.read_text(encoding="utf-8")
    images = PAGE.parent / "img"
    with underLoad() as live:

        def example(found: re.Match[str]) -> str:
            command = found[1]
            answer = live(command) if isLive(command) else said(command)
            return f"```console\n$ nutproxy {command}\n{answer}```"

        PAGE.write_text(EXAMPLE.sub(example, page), encoding="utf-8")
        for command, _ in examples(page):
            name = command.split()[0]
            if name in ("plan", "ring", "bench"):
                picture = ["--png", str(images / f"commands-{name}.png")]
                (live if isLive(command) else said)(command, *picture)


if __name__ == "__main__":
    main()
