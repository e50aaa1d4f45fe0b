"""The embedded server's store: expiry on a fake clock, eviction, counters, cas numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nuttwist.demo.cache import Cache
from nuttwist.demo.items import Mode, Outcome, Write, itemBytes
from tests.unit.demo.talking import EPOCH, Seconds

_DAYS30 = 30 * 24 * 3600


def _set(cache: Cache, key: bytes, value: bytes = b"x", exptime: int = 0) -> Outcome:
    return cache.store(Write(Mode.SET, key, value, exptime=exptime))


@pytest.mark.parametrize(
    ("exptime", "lives"),
    [(1, 1), (100, 100), (_DAYS30, _DAYS30), (EPOCH + 7, 7), (EPOCH + 2 * _DAYS30, 2 * _DAYS30)],
)
def test_expiresAtItsSecond(exptime: int, lives: int) -> None:
    """An item lives until its second, counted from now up to thirty days and as a date beyond."""
    seconds = Seconds()
    cache = Cache(1000, seconds)
    _set(cache, b"a", exptime=exptime)
    seconds.now += lives - 0.01
    assert cache.get(b"a") is not None
    seconds.now += 0.01
    assert cache.get(b"a") is None
    assert (len(cache), cache.usedBytes) == (0, 0)


@pytest.mark.parametrize("exptime", [-1, -EPOCH, _DAYS30 + 1, EPOCH])
def test_expiredFromTheStart(exptime: int) -> None:
    """A negative expiry time and a date that has passed store an item nobody can read."""
    cache = Cache(1000, Seconds())
    assert _set(cache, b"a", exptime=exptime) is Outcome.STORED
    assert cache.get(b"a") is None


def test_zeroNeverExpires() -> None:
    """An item without expiry time is there after any time."""
    seconds = Seconds()
    cache = Cache(1000, seconds)
    _set(cache, b"a")
    seconds.now += 1000 * _DAYS30
    assert cache.get(b"a") is not None


def test_touchMovesTheExpiry() -> None:
    """A touched item lives from the touch on."""
    seconds = Seconds()
    cache = Cache(1000, seconds)
    _set(cache, b"a", exptime=10)
    seconds.now += 9
    assert cache.touch(b"a", 10) is not None
    seconds.now += 9
    assert cache.getAndTouch(b"a", 0) is not None
    seconds.now += 1000
    assert cache.touch(b"a", -1) is not None
    assert cache.touch(b"a", 10) is None


def test_leastRecentlyUsedGoesFirst() -> None:
    """When the bound is reached, the item that was not fetched for the longest time goes."""
    cache = Cache(3 * itemBytes(b"a", 1, 0), Seconds())
    for key in (b"a", b"b", b"c"):
        _set(cache, key)
    cache.get(b"a")
    _set(cache, b"d")
    assert list(cache) == [b"c", b"a", b"d"]
    assert cache.counters["evictions"] == 1


def test_expiredItemsCountAsReclaimed() -> None:
    """Making room by dropping an expired item is no eviction."""
    seconds = Seconds()
    cache = Cache(itemBytes(b"a", 1, 0), seconds)
    _set(cache, b"a", exptime=1)
    seconds.now += 1
    _set(cache, b"b")
    assert (cache.counters["evictions"], cache.counters["reclaimed"]) == (0, 1)


def test_aStoreCanEvictManyItems() -> None:
    """A large value pushes out as many small ones as it needs."""
    cache = Cache(10 * itemBytes(b"a", 1, 0), Seconds())
    for number in range(10):
        _set(cache, b"%d" % number)
    _set(cache, b"L", b"x" * 5 * itemBytes(b"a", 1, 0))
    assert b"L" in list(cache)
    assert len(cache) == 5
    assert cache.usedBytes <= cache.maxBytes


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Mode),
            st.integers(0, 9),
            st.integers(0, 200),
            st.sampled_from([0, 5, -1]),
        ),
        max_size=60,
    )
)
def test_memoryIsAccountedForAndBounded(steps: list[tuple[Mode, int, int, int]]) -> None:
    """After any stores the bytes in use are those of the items, and within the bound."""
    seconds = Seconds()
    cache = Cache(600, seconds)
    for mode, key, length, exptime in steps:
        cache.store(Write(mode, b"%d" % key, b"x" * length, length % 2, exptime))
        seconds.now += 1
        items = [(each, cache._items[each]) for each in cache]
        assert cache.usedBytes == sum(
            itemBytes(each, len(item.value), item.flags) for each, item in items
        )
        assert cache.usedBytes <= cache.maxBytes


def test_refusedSetRemovesTheOldValue() -> None:
    """A "set" that is too large leaves no old value behind; another mode leaves it."""
    cache = Cache(1000, Seconds(), itemSizeMax=100)
    _set(cache, b"a")
    assert cache.refuse(Write(Mode.APPEND, b"a", b""), 90) is Outcome.TOO_LARGE
    assert cache.peek(b"a") is not None
    assert cache.refuse(Write(Mode.SET, b"a", b""), 90) is Outcome.TOO_LARGE
    assert cache.peek(b"a") is None


def test_joinThatGrowsTooLargeIsNotStored() -> None:
    """An append whose result is over the item size keeps the old value."""
    cache = Cache(1000, Seconds(), itemSizeMax=100)
    _set(cache, b"a", b"x" * 30)
    assert cache.store(Write(Mode.APPEND, b"a", b"x" * 30)) is Outcome.NOT_STORED
    item = cache.peek(b"a")
    assert item is not None
    assert item.value == b"x" * 30


def _casOf(cache: Cache, key: bytes) -> int:
    item = cache.peek(key)
    assert item is not None
    return item.cas


def test_casNumbersAreUnique() -> None:
    """Every change gives an item a number that no item had before; a touch gives none."""
    cache = Cache(1000, Seconds())
    numbers = []
    for change in (
        lambda: _set(cache, b"a", b"9"),
        lambda: cache.change(b"a", 1, up=True),
        lambda: cache.store(Write(Mode.APPEND, b"a", b"0")),
        lambda: cache.change(b"a", 1, up=False),
    ):
        change()
        _set(cache, b"b")
        numbers += [_casOf(cache, b"a"), _casOf(cache, b"b")]
    assert len(set(numbers)) == len(numbers)
    cache.touch(b"a", 5)
    assert _casOf(cache, b"a") == numbers[-2]


@pytest.mark.parametrize(
    ("value", "delta", "up", "number", "left"),
    [
        (b"9", 1, True, 10, b"10"),
        (b"10", 1, False, 9, b"9 "),
        (b"18446744073709551615", 2, True, 1, b"1" + b" " * 19),
        (b"5", 1 << 63, False, 0, b"0"),
        (b" 7", 1, True, 8, b"8 "),
        (b"007 of them", 1, True, 8, b"8" + b" " * 10),
    ],
)
def test_countersCount(value: bytes, delta: int, up: bool, number: int, left: bytes) -> None:
    """A counter wraps going up, stops at nought going down, and keeps its length with blanks."""
    cache = Cache(1000, Seconds())
    _set(cache, b"a", value)
    assert cache.change(b"a", delta, up=up) == number
    item = cache.peek(b"a")
    assert item is not None
    assert item.value == left


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"1x", b"18446744073709551616", b" "])
def test_wordsDoNotCount(value: bytes) -> None:
    """What is not a number of 64 bits is refused and stays."""
    cache = Cache(1000, Seconds())
    _set(cache, b"a", value)
    assert cache.change(b"a", 1, up=True) is Outcome.NON_NUMERIC


@pytest.mark.parametrize(("delay", "waits"), [(0, 0), (-5, 0), (1, 0), (10, 9), (EPOCH + 10, 9)])
def test_flushForgetsWhatIsThere(delay: int, waits: int) -> None:
    """A flush takes effect one second before its time and spares what comes after."""
    seconds = Seconds()
    cache = Cache(1000, seconds)
    _set(cache, b"a")
    cache.flush(delay)
    seconds.now += waits - 0.5
    assert (cache.get(b"a") is not None) is (waits > 0)
    seconds.now += 0.5
    assert cache.get(b"a") is None
    _set(cache, b"b")
    assert cache.get(b"b") is not None
    assert cache.usedBytes == itemBytes(b"b", 1, 0)


def test_laterFlushReplacesAnEarlierOne() -> None:
    """Only the last delayed flush counts."""
    seconds = Seconds()
    cache = Cache(1000, seconds)
    _set(cache, b"a")
    cache.flush(10)
    cache.flush(20)
    seconds.now += 15
    assert cache.get(b"a") is not None
