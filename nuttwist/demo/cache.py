"""
The embedded server's store: keys, values, expiry, cas numbers and an LRU order, bounded in bytes.

There is no I/O and no clock of its own here. The store does what memcached does, in whole seconds
as memcached counts them: an item that expires in 10 is gone when ten ticks have passed. Every
question about an item goes through L{Cache.peek}, which is the one place where expired and
flushed items disappear.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator

from nuttwist.demo.items import Item, Mode, Outcome, Write, itemBytes
from nuttwist.demo.numerals import unsigned64

_RELATIVE_MOST = 60 * 60 * 24 * 30
_WRAP = 1 << 64


class Cache:
    """
    A bounded store of items.

    @ivar counters: how often each thing happened, under memcached's own names for its statistics.
    @ivar usedBytes: memory of all items, by the measure of L{itemBytes}.
    """

    def __init__(
        self, maxBytes: int, seconds: Callable[[], float], itemSizeMax: int = 1 << 20
    ) -> None:
        """
        @param maxBytes: the items together stay within this; the least recently used go first.
        @param seconds: the time, in seconds since 1970.
        @param itemSizeMax: an item larger than this many bytes is refused, by the measure of
            L{itemBytes}.
        """
        self.maxBytes = maxBytes
        self.itemSizeMax = itemSizeMax
        self.usedBytes = 0
        self.counters: Counter[str] = Counter()
        self._seconds = seconds
        self._items: OrderedDict[bytes, Item] = OrderedDict()
        self._lastCas = 0
        self._flushAt: int | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[bytes]:
        """
        Go through the keys, the next one to be evicted first; expired ones may still be among
        them.
        """
        return iter(self._items)

    def now(self) -> int:
        """The current second; a flush that has become due happens here."""
        now = int(self._seconds())
        if self._flushAt is not None and now >= self._flushAt:
            self._flushAt = None
            self._items.clear()
            self.usedBytes = 0
        return now

    def deadline(self, exptime: int) -> int:
        """
        Turn a protocol expiry time into a second of the clock, 0 for never.

        Negative is already over, up to thirty days counts from now, more is a date.
        """
        if exptime == 0:
            return 0
        if exptime > _RELATIVE_MOST:
            return exptime
        return self.now() + exptime if exptime > 0 else -1

    def peek(self, key: bytes) -> Item | None:
        """Look at a live item without counting as a use of it."""
        now = self.now()
        item = self._items.get(key)
        if item is not None and item.expires and item.expires <= now:
            self._drop(key)
            return None
        return item

    def bump(self, key: bytes, item: Item) -> None:
        """Note that C{item} was fetched: it is the last in line for eviction again."""
        item.fetched = True
        item.used = self.now()
        self._items.move_to_end(key)

    def get(self, key: bytes) -> Item | None:
        """Fetch an item."""
        item = self.peek(key)
        self.counters["get_misses" if item is None else "get_hits"] += 1
        if item is not None:
            self.bump(key, item)
        return item

    def refuse(self, write: Write, length: int) -> Outcome | None:
        """
        Say why a value of this many bytes can never be stored, or None when it can.

        A refused "set" removes what was there, so that nobody reads the value it should have
        replaced.
        """
        outcome = self._unfit(write.key, length, write.flags)
        if outcome is not None and write.mode is Mode.SET and self.peek(write.key) is not None:
            self._drop(write.key)
        return outcome

    def store(self, write: Write) -> Outcome:
        """Do one storage command."""
        self.counters["cmd_set"] += 1
        old = self.peek(write.key)
        outcome = _RULES[write.mode](old, write)
        if write.mode is Mode.CAS:
            self.counters[_CAS_COUNTERS[outcome]] += 1
        if outcome is not Outcome.STORED:
            return outcome
        if old is not None and write.mode in _JOINS:
            return self._keep(write.key, self._joined(old, write))
        return self._keep(write.key, self._fresh(old, write))

    def delete(self, key: bytes) -> bool:
        """Remove an item; say whether it was there."""
        found = self.peek(key) is not None
        self.counters["delete_hits" if found else "delete_misses"] += 1
        if found:
            self._drop(key)
        return found

    def touch(self, key: bytes, exptime: int) -> Item | None:
        """Give an item a new expiry time."""
        item = self.peek(key)
        self.counters["cmd_touch"] += 1
        self.counters["touch_misses" if item is None else "touch_hits"] += 1
        if item is not None:
            item.expires = self.deadline(exptime)
            self.bump(key, item)
        return item

    def getAndTouch(self, key: bytes, exptime: int) -> Item | None:
        """Fetch an item and give it a new expiry time."""
        item = self.touch(key, exptime)
        self.counters["get_misses" if item is None else "get_hits"] += 1
        return item

    def invalidate(self, item: Item) -> None:
        """Mark an item as out of date: the next client to fetch it is told to recompute it."""
        item.stale = True
        item.claimed = False
        item.cas = self._nextCas()

    def change(self, key: bytes, delta: int, *, up: bool, cas: int = 0) -> int | Outcome:
        """
        Move a counter, which wraps at 2**64 going up and stops at 0 going down.

        A number that became shorter keeps its old length with blanks after it, as memcached
        leaves it.

        @param cas: the number the item must have, 0 for any.
        @return: the new number, or why there is none.
        """
        name = "incr" if up else "decr"
        item = self.peek(key)
        self.counters[f"{name}_misses" if item is None else f"{name}_hits"] += 1
        if item is None:
            return Outcome.NOT_FOUND
        if cas and cas != item.cas and item.value:
            return Outcome.EXISTS
        return self._changed(key, item, delta if up else -delta)

    def flush(self, delay: int = 0) -> None:
        """
        Forget every item, now or later.

        @param delay: an expiry time as in L{deadline}; memcached acts one second before it, and
            so does this.
        """
        self.counters["cmd_flush"] += 1
        self._flushAt = self.deadline(delay) - 1
        self.now()

    def _unfit(self, key: bytes, length: int, flags: int) -> Outcome | None:
        size = itemBytes(key, length, flags)
        if size > self.itemSizeMax:
            return Outcome.TOO_LARGE
        return Outcome.NO_MEMORY if size > self.maxBytes else None

    def _changed(self, key: bytes, item: Item, amount: int) -> int | Outcome:
        try:
            number = max(0, unsigned64(item.value) + amount) % _WRAP
        except ValueError:
            return Outcome.NON_NUMERIC
        value = b"%d" % number
        if len(value) > len(item.value):
            self._keep(key, self._remade(item, value))
        else:
            item.value, item.cas = value.ljust(len(item.value)), self._nextCas()
        return number

    def _fresh(self, old: Item | None, write: Write) -> Item:
        expires = self.deadline(write.exptime)
        new = Item(write.value, write.flags, expires, self._nextCas(), self.now())
        new.binaryKey = write.binaryKey
        if old is not None and write.mode is Mode.CAS and write.cas != old.cas:
            new.expires, new.stale, new.claimed = old.expires, True, old.claimed
        return new

    def _joined(self, old: Item, write: Write) -> Item:
        parts = (old.value, write.value) if write.mode is Mode.APPEND else (write.value, old.value)
        return self._remade(old, b"".join(parts))

    def _remade(self, old: Item, value: bytes) -> Item:
        return Item(value, old.flags, old.expires, self._nextCas(), self.now())

    def _keep(self, key: bytes, item: Item) -> Outcome:
        if self._unfit(key, len(item.value), item.flags):
            return Outcome.NOT_STORED
        if key in self._items:
            self._drop(key)
        self._items[key] = item
        self.usedBytes += itemBytes(key, len(item.value), item.flags)
        self.counters["total_items"] += 1
        while self.usedBytes > self.maxBytes:
            self._evict()
        return Outcome.STORED

    def _evict(self) -> None:
        key, item = next(iter(self._items.items()))
        expired = item.expires and item.expires <= self.now()
        self.counters["reclaimed" if expired else "evictions"] += 1
        self._drop(key)

    def _drop(self, key: bytes) -> None:
        item = self._items.pop(key)
        self.usedBytes -= itemBytes(key, len(item.value), item.flags)

    def _nextCas(self) -> int:
        self._lastCas += 1
        return self._lastCas


def _join(old: Item | None, write: Write) -> Outcome:
    if old is None:
        return Outcome.NOT_STORED
    return Outcome.STORED if write.cas in (None, 0, old.cas) else Outcome.EXISTS


def _compare(old: Item | None, write: Write) -> Outcome:
    if old is None:
        return Outcome.NOT_FOUND
    outdated = write.invalidate and 0 < (write.cas or 0) < old.cas
    return Outcome.STORED if outdated or write.cas == old.cas else Outcome.EXISTS


_Rule = Callable[[Item | None, Write], Outcome]
_CAS_COUNTERS = {
    Outcome.STORED: "cas_hits",
    Outcome.EXISTS: "cas_badval",
    Outcome.NOT_FOUND: "cas_misses",
}
_JOINS = (Mode.APPEND, Mode.PREPEND)
_RULES: dict[Mode, _Rule] = {
    Mode.SET: lambda _old, _write: Outcome.STORED,
    Mode.ADD: lambda old, _write: Outcome.STORED if old is None else Outcome.NOT_STORED,
    Mode.REPLACE: lambda old, _write: Outcome.NOT_STORED if old is None else Outcome.STORED,
    Mode.APPEND: _join,
    Mode.PREPEND: _join,
    Mode.CAS: _compare,
}
