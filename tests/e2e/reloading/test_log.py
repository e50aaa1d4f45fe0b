"""The log file is begun anew, and how much is logged changes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.e2e.command import SECONDS, TWISTD, Running
from tests.e2e.proxy import poolText
from tests.e2e.reloading.reloaded import KINDS, both, reloaded
from tests.e2e.servers import HOST, freePort
from tests.e2e.watch import untilWritten


@KINDS
def test_aMovedLogFileIsBegunAnew(tmp_path, servers, workers) -> None:
    """After SIGUSR1 the log goes on under its name, as logrotate expects, and so it does again."""
    stats = freePort()
    path = tmp_path / "one.yml"
    path.write_text(poolText(freePort(), servers))
    log = tmp_path / "proxy.log"
    words = ["nutproxy", "-c", path, "-a", HOST, "-s", str(stats), "-w", workers]
    running = Running(*TWISTD, "-n", "--pidfile=", f"--logfile={log}", *words, cwd=tmp_path)
    with running:
        running.statistics(stats)
        for number in range(2):
            log.rename(tmp_path / f"old{number}")
            running.send(signal.SIGUSR1)
            untilIn(log, "reopened the log file")
            running.send(signal.SIGHUP)
            untilIn(log, "nothing changed")
            assert "starting up" not in log.read_text()
        assert sorted(each.name for each in tmp_path.glob("proxy*")) == ["proxy.log"]


def untilIn(path: Path, words: str) -> None:
    """Wait until a file is there and has these words in it."""

    def said() -> bool:
        return path.exists() and words in path.read_text()

    assert untilWritten(path.parent, said, SECONDS), path.exists() and path.read_text()


@KINDS
def test_howMuchIsLoggedChanges(tmp_path, servers, workers) -> None:
    """SIGTTOU logs less and SIGTTIN more; neither suspends the process, nor does SIGUSR1 end it."""
    with reloaded(tmp_path, workers, servers) as proxy:
        before = len(proxy.log())
        os.kill(proxy.pid, signal.SIGTTOU)
        proxy.untilSaid("from now on the log has warn", since=before)
        os.kill(proxy.pid, signal.SIGTTIN)
        proxy.untilSaid("from now on the log has info", since=before)
        os.kill(proxy.pid, signal.SIGUSR1)
        proxy.untilSaid("there is no log file to reopen", since=before)
        assert "nothing changed" in proxy.reload(both(proxy, servers[:2]))
