"""The proxies that are compared, all with the same configuration file but for the port."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

import nuttwist
from benchmarks.cases import Case
from benchmarks.programs import find, freePorts, running

BASELINE = "twemproxy"
WORKERS = 2
#: What an extension module's file name ends with.
COMPILED = ("*.so", "*.pyd")


@attrs.frozen
class Form:
    """
    @ivar name: what the tables call it.
    @ivar argv: the command up to the options C{-c FILE -s PORT -a ADDRESS}, which all forms share.
    @ivar home: the folder that nuttwist is imported from; none for what is not ours.
    """

    name: str
    argv: tuple[str, ...]
    home: Path | None = None

    def command(self, config: Path, statsPort: int) -> list[str]:
        """The whole command line."""
        return [*self.argv, "-c", str(config), "-s", str(statsPort), "-a", "127.0.0.1"]

    def environment(self) -> dict[str, str] | None:
        """Where the process imports from; none: this one's own environment."""
        return None if self.home is None else {**os.environ, "PYTHONPATH": str(self.home)}

    def version(self) -> str:
        """What the program says that it is, in one line."""
        option = "-V" if self.home is None else "--version"
        return (self.said(option).strip() or "unknown").splitlines()[0]

    def said(self, option: str) -> str:
        """What the program writes when it is given that option alone."""
        argv, env = [*self.argv, option], self.environment()
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
        return done.stdout + done.stderr


@attrs.frozen
class Proxy:
    """A running one: its form, process and port."""

    form: Form
    pid: int
    port: int


def available(folder: Path, compiled: Path | None, say: Callable[[str], object]) -> list[Form]:
    """
    The forms that can run here, the baseline first.

    @param folder: takes a copy of the sources without what is compiled.
    @param compiled: the folder of a compiled build; by default where nuttwist is imported from,
        if it has extension modules there.
    @param say: is told what is left out, and why.
    """
    here = Path(nuttwist.__file__).resolve().parent.parent
    forms = [Form(BASELINE, (find("nutcracker"),)), _ours("pure", _sourcesOnly(here, folder))]
    best = (compiled or here).resolve()
    if _isCompiled(best):
        forms.append(_ours("compiled", best))
    else:
        say(f"no extension module under {best / 'nuttwist'}: no compiled form")
        best = folder
    if "--workers" in forms[-1].said("--help"):
        forms.append(_ours("workers", best, f"--workers={WORKERS}"))
    else:
        say("twistd nutproxy --help has no --workers: no workers form")
    return forms


def _ours(name: str, home: Path, *options: str) -> Form:
    twistd = find(str(Path(sys.executable).with_name("twistd")))
    argv = (sys.executable, twistd, "-n", "--pidfile=", "--logfile=-", "nutproxy", *options)
    return Form(name, argv, home)


def _sourcesOnly(here: Path, folder: Path) -> Path:
    skipped = shutil.ignore_patterns("__pycache__", "dropin.cache", *COMPILED)
    for name in ("nuttwist", "twisted"):
        shutil.copytree(here / name, folder / name, ignore=skipped)
    return folder


def _isCompiled(home: Path) -> bool:
    return any(next((home / "nuttwist").rglob(pattern), None) for pattern in COMPILED)


@contextmanager
def proxying(form: Form, case: Case, servers: list[int], folder: Path) -> Iterator[Proxy]:
    """Run one proxy in front of those servers."""
    port, statsPort = freePorts(2)
    config = folder / f"{form.name}.yml"
    config.write_text(configuration(case, port, servers))
    log = folder / f"{form.name}.log"
    command = form.command(config, statsPort)
    with running(command, port, log, form.environment()) as pid:
        yield Proxy(form, pid, port)


def configuration(case: Case, port: int, servers: list[int]) -> str:
    """
    The text of the one pool's configuration.

    @param port: the proxy's own.
    """
    lines = [
        "bench:",
        f"  listen: 127.0.0.1:{port}",
        "  hash: fnv1a_64",
        "  distribution: ketama",
        "  timeout: 10000",
        "  backlog: 1024",
        "  preconnect: true",
        f"  redis: {str(case.kind == 'redis').lower()}",
        "  servers:",
        # Names, so that a key is on the same server whatever port it got.
        *(f"    - 127.0.0.1:{each}:1 server-{n}" for n, each in enumerate(servers)),
    ]
    return "\n".join(lines) + "\n"
