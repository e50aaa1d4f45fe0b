"""The targets of the fuzzer on a fixed number of inputs; CI needs no fuzzer."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from nuttwist.wire.request import ACKNOWLEDGE, CLASSIC, META, QUIET
from tests.fuzz import TARGETS, corpusOf, dictionaryOf
from tests.unit.config.test_anyfile import texts
from tests.unit.wire import strategies as memcached
from tests.unit.wire.redis import strategies as redis

#: What a request of each kind is called in an input for memcached's replies.
LETTERS = {CLASSIC: b"c", META: b"m", QUIET: b"q", ACKNOWLEDGE: b"a"}

FIRST = st.integers(ord("0"), ord("0") + 23).map(lambda each: bytes([each]))


def memcachedReplies(stream):
    """The input for what waits and what a memcached server says."""
    asked, said = stream
    letters = [b"s" if part and expect == CLASSIC else LETTERS[expect] for expect, part in asked]
    return b"".join(letters) + b"\n" + said


def redisReplies(stream, version):
    """The input for how many wait and what a redis server says."""
    asked, said = stream
    return bytes([version + asked]) + said


INPUTS = {
    "memcached-requests": st.builds(
        bytes.__add__, FIRST, st.lists(memcached.REQUESTS, max_size=8).map(b"".join)
    ),
    "memcached-replies": memcached.streams().map(memcachedReplies),
    "redis-requests": st.builds(
        bytes.__add__, FIRST, st.lists(redis.REQUESTS, max_size=8).map(b"".join)
    ),
    "redis-replies": st.builds(redisReplies, redis.streams(), st.sampled_from(b"08@H")),
    "yaml": texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
}


def oneInput(target):
    """What a target does with an input."""
    return importlib.import_module(TARGETS[target]).oneInput


def corpus():
    """Every input that is kept, with its target."""
    return [
        pytest.param(target, each, id=f"{target}-{each.name}")
        for target in TARGETS
        for each in sorted(corpusOf(target).iterdir())
    ]


@pytest.mark.parametrize(("target", "path"), corpus())
def test_whatIsInTheCorpusHolds(target: str, path: Path):
    """Transcripts, known tricks and what was found once."""
    oneInput(target)(path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_whateverIsSaidHolds(target: str):
    """So many inputs of the kind that means something, always the same ones."""

    @settings(max_examples=200, derandomize=True, deadline=None)
    @given(INPUTS[target])
    def each(data):
        oneInput(target)(data)

    each()


@pytest.mark.parametrize("target", TARGETS)
def test_eachTargetHasACorpusAndAWordList(target: str):
    """Some dozens of small inputs, and words that the fuzzer can read."""
    sizes = [each.stat().st_size for each in corpusOf(target).iterdir()]
    assert len(sizes) >= 24
    assert max(sizes) <= 4096
    words = dictionaryOf(target).read_text("ascii").splitlines()
    assert all(word[0] == word[-1] == '"' and len(word) > 2 for word in words)


def test_withoutTheFuzzerThereIsAMessage(tmp_path: Path):
    """It names what to install, and the exit status is that of a mistake."""
    (tmp_path / "atheris.py").write_text("raise ImportError\n")
    start = (
        f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r});"
        "sys.argv[1:] = ['yaml']; runpy.run_module('tests.fuzz', run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 1
    assert "pip install -e '.[fuzz]'" in run.stderr
