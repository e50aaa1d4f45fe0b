"""
Compiles the pure core into the wheel where that can be done; all else is in setup.cfg.

mypyc (https://mypyc.readthedocs.io) makes C of the modules below, from the same source that runs
without it. The innermost loops are written twice: beside the Python there is Cython
(https://cython.org), which walks the bytes by pointers. It is all or nothing: where there is no C
compiler, or where one of them fails, the wheel has Python only, which is slower and behaves the
same. C{NUTTWIST_PURE=1} in the environment asks for that. An editable install is never compiled:
what runs there is what was edited.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

#: What every request or key passes through. Their classes are closed: nothing outside this list
#: inherits from one, and all of their attributes are named in the source. One thing is not to be
#: written in them: a slice of bytes that ends before it begins, as in C{b"ab"[2:1]}, which mypyc
#: (up to 2.4 at least) answers with a SystemError.
CORE = [
    "nuttwist/ring/hashes.py",
    "nuttwist/ring/hashtag.py",
    "nuttwist/wire/gather.py",
    "nuttwist/wire/pipeline.py",
    "nuttwist/wire/pipelinesampler.py",
    "nuttwist/wire/replyqueue.py",
    "nuttwist/wire/request.py",
    "nuttwist/wire/sampler.py",
    "nuttwist/wire/samples.py",
    "nuttwist/wire/memcache/client.py",
    "nuttwist/wire/memcache/gathers.py",
    "nuttwist/wire/memcache/keys.py",
    "nuttwist/wire/memcache/manykeys.py",
    "nuttwist/wire/memcache/replies.py",
    "nuttwist/wire/memcache/requests.py",
    "nuttwist/wire/memcache/retrieving.py",
    "nuttwist/wire/memcache/shapes.py",
    "nuttwist/wire/redis/dispatch.py",
    "nuttwist/wire/redis/gathers.py",
    "nuttwist/wire/redis/lines.py",
    "nuttwist/wire/redis/replies.py",
    "nuttwist/wire/redis/requests.py",
    "nuttwist/wire/redis/resp.py",
]

#: The loops that have a twin in Cython, of the same name in the same place.
TWINS = [
    "nuttwist/wire/memcache/scan.pyx",
    "nuttwist/wire/redis/scan.pyx",
]

#: mypy as in setup.cfg; attrs, for the types of the values that the core is given.
COMPILING = ["mypy >= 2.4, < 3", "attrs >= 23.2", "Cython >= 3.1, < 4"]

#: The package's own settings name a plugin that the core has no need of.
SETTINGS = ["--config-file=", f"--cache-dir={os.devnull}"]


def obstacle() -> str | None:
    """
    Why nothing is to be compiled, if so.
    """
    if os.environ.get("NUTTWIST_PURE", "0") not in ("", "0"):
        return "NUTTWIST_PURE is set"
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if shutil.which(shlex.split(compiler)[0]) is None:
        return f"there is no C compiler ({compiler})"
    return None


def sayPure(why: object) -> None:
    """
    The one line that tells of a wheel without a compiled core.
    """
    sys.stderr.write(f"nuttwist: the core is not compiled, it stays pure Python: {why}\n")


def twin(path: str) -> Extension:
    """
    The extension that stands in the place of a Python module.
    """
    return Extension(path.removesuffix(".pyx").replace("/", "."), [path])


def core() -> list[Extension]:
    """
    The core in C, or nothing.
    """
    why: object = obstacle()
    if why is None:
        try:
            from Cython.Build import cythonize  # noqa: PLC0415  only here when it is wanted
            from mypyc.build import mypycify  # noqa: PLC0415

            extensions = mypycify([*SETTINGS, *CORE], group_name="nuttwist")
            extensions += cythonize([twin(path) for path in TWINS], build_dir="build")
        except (Exception, SystemExit) as failure:  # noqa: BLE001  mypyc exits over an error
            why = f"mypyc or Cython failed ({failure})"
        else:
            for each in extensions:
                # A compiler that is newer than mypyc may have new warnings.
                each.extra_compile_args = [
                    flag for flag in each.extra_compile_args if flag != "-Werror"
                ]
            return extensions
    sayPure(why)
    return []


class BuildCore(build_ext):
    """
    Builds all of the core or leaves nothing of it: each part needs the others.
    """

    def build_extensions(self) -> None:
        try:
            build_ext.build_extensions(self)
        except Exception as failure:  # noqa: BLE001  a compiler fails in many ways
            for each in self.extensions:
                Path(self.get_ext_fullpath(each.name)).unlink(missing_ok=True)
            self.extensions = []
            sayPure(failure)


setup(
    # Wheels only; metadata, source archives and editable installs ask for other commands.
    ext_modules=core() if "bdist_wheel" in sys.argv else [],
    cmdclass={"build_ext": BuildCore},
    # Not in pyproject.toml: without a compiler they are of no use, and may not install.
    setup_requires=[] if obstacle() else COMPILING,
)
