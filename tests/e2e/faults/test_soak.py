"""The soak, for as long as a test may take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MINUTES = 0.33


def test_twentySecondsOfBadWeather(tmp_path: Path) -> None:
    """Servers are killed, held and restarted, nothing is crossed or lost, and it is told."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.soak", f"--minutes={MINUTES}", f"--out={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((tmp_path / "soak.json").read_text())
    assert report["faults"] == []
    assert all(tally["requests"] > 1000 for tally in report["tallies"].values())
    assert {event["what"] for event in report["events"]} > {"reloaded"}
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
    assert "lost replies: 0" in ended.stdout
