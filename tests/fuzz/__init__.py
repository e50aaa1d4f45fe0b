"""
Fuzzing: any bytes at every parser, and what must hold of what comes of them.

A target is a module of this package with one function, C{oneInput}, that raises when something
does not hold. C{python -m tests.fuzz TARGET} drives it with atheris; the unit tests drive it with
the corpus and with hypothesis.
"""

from __future__ import annotations

from pathlib import Path

#: What C{oneInput} is to be found in, by the name of the target.
TARGETS = {
    "memcached-requests": "tests.fuzz.memcachedrequests",
    "memcached-replies": "tests.fuzz.memcachedreplies",
    "redis-requests": "tests.fuzz.redisrequests",
    "redis-replies": "tests.fuzz.redisreplies",
    "yaml": "tests.fuzz.yamlfiles",
}

HERE = Path(__file__).parent


def corpusOf(target: str) -> Path:
    """The folder of a target's inputs, one a file."""
    return HERE / "corpus" / target


def dictionaryOf(target: str) -> Path:
    """The words of a target's language, as libFuzzer reads them."""
    return HERE / "dictionaries" / f"{target.partition('-')[0]}.dict"
