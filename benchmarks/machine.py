"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import twisted
from benchmarks.programs import find
from benchmarks.proxies import Form

#: How each program tells its version.
VERSIONS = {
    "memcached": ["memcached", "-V"],
    "redis-server": ["redis-server", "--version"],
    "redis-benchmark": ["redis-benchmark", "--version"],
}


def described(forms: list[Form]) -> dict[str, str]:
    """The machine and the versions of all that took part, as lines of a list."""
    lines = {
        "cores": str(os.cpu_count()),
        "CPU": model(Path("/proc/cpuinfo").read_text()),
        # What else was running; the benchmark's own load comes after.
        "load average before": f"{os.getloadavg()[0]:.2f}",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Twisted": twisted.__version__,
    }
    lines |= {name: _said([find(argv[0]), *argv[1:]]) for name, argv in VERSIONS.items()}
    return lines | {form.name: form.version() for form in forms}


def model(cpuinfo: str) -> str:
    """The CPU's name in the text of /proc/cpuinfo."""
    names = (line.partition(":")[2] for line in cpuinfo.splitlines() if "model name" in line)
    return next(names, "unknown").strip()


def _said(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]
