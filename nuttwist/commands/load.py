"""
The sockets of C{nutproxy bench}: every client asks, takes the reply, and asks again.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import attrs

from nuttwist.commands.arguments import Place, written
from nuttwist.commands.mistakes import CommandError
from nuttwist.commands.workload import Talk, Tally, Workload, WrongReply

CONNECT_SECONDS = 5.0
GRACE_SECONDS = 2.0
"""How long replies are waited for when the time is over."""

_READ = 262144
_STEP = 0.1
_FILL_DEPTH = 16


@attrs.frozen
class Measure:
    """
    What a load brought.

    @ivar seconds: how long it went on.
    @ivar cpu: processor seconds that the generator used meanwhile.
    @ivar waited: how much of the time nothing had come from the server, in seconds.
    """

    tally: Tally
    seconds: float
    cpu: float
    waited: float

    @property
    def rate(self) -> float:
        """Replies a second."""
        return self.tally.latencies.count / self.seconds

    @property
    def share(self) -> float:
        """The share of one processor that the generator used."""
        return self.cpu / self.seconds

    @property
    def waiting(self) -> float:
        """The share of the time in which the generator had nothing to do."""
        return self.waited / self.seconds


class Client:
    """
    One connection.

    @ivar talk: what is said on it.
    """

    def __init__(self, place: Place, talk: Talk, selector: selectors.BaseSelector) -> None:
        """@raise CommandError: If there is nobody to connect to."""
        self.talk = talk
        self._selector = selector
        self._out = b""
        try:
            self._socket = socket.create_connection(place, CONNECT_SECONDS)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"{written(place)} cannot be connected to: {reason}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        selector.register(self._socket, selectors.EVENT_READ, self)

    def ask(self) -> None:
        """Send what may be sent."""
        self._out += self.talk.more(time.perf_counter())
        self.flush()

    def flush(self) -> None:
        """Send what is left over."""
        if self._out:
            with suppress(BlockingIOError):
                self._out = self._out[self._socket.send(self._out) :]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        if self._selector.get_key(self._socket).events != wanted:
            self._selector.modify(self._socket, wanted, self)

    def read(self) -> None:
        """
        Take what has come.

        @raise WrongReply: If it is not what was asked for.
        @raise OSError: If the connection is over.
        """
        data = self._socket.recv(_READ)
        if not data:
            raise ConnectionError("closed by the server")
        self.talk.received(data, time.perf_counter())

    def close(self) -> None:
        """Leave."""
        self._selector.unregister(self._socket)
        self._socket.close()


class Load:
    """
    Many clients at once.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._selector = selectors.DefaultSelector()
        self._waited = 0.0

    def fill(self, workload: Workload) -> None:
        """
        Store every value once.

        @raise CommandError: If one cannot be stored.
        """
        tally = Tally()
        talk = Talk(workload.speech, workload.writes(), _FILL_DEPTH, tally)
        clients = [Client(self._place, talk, self._selector)]
        clients[0].ask()
        deadline = time.perf_counter() + 10 * CONNECT_SECONDS
        while clients and talk.outstanding and time.perf_counter() < deadline:
            self._turn(clients, tally, True)
        tally.unanswered = talk.outstanding
        for client in clients:
            client.close()
        if not tally.isClean():
            trouble = next(troubles(tally))
            raise CommandError(f"{written(self._place)} does not store values: {trouble}")

    def measure(
        self,
        workload: Workload,
        clients: int,
        depth: int,
        seconds: float,
        tick: Callable[[float], None],
    ) -> Measure:
        """
        Load the server for some time.

        @param depth: requests that each client has outstanding.
        @param tick: called every tenth of a second with the seconds that have passed.
        """
        tally = Tally()
        open_ = [
            Client(self._place, self._talk(workload, each, depth, tally), self._selector)
            for each in range(clients)
        ]
        began, cpuBegan, self._waited = time.perf_counter(), time.process_time(), 0.0
        for client in list(open_):
            self._guarded(client, client.ask, open_, tally)
        next_ = began
        while open_ and (now := time.perf_counter()) < began + seconds:
            if now >= next_:
                tick(now - began)
                next_ += _STEP
            self._turn(open_, tally, True)
        self._drain(open_, tally)
        cpu = time.process_time() - cpuBegan
        return Measure(tally, time.perf_counter() - began, cpu, self._waited)

    @staticmethod
    def _talk(workload: Workload, client: int, depth: int, tally: Tally) -> Talk:
        return Talk(workload.speech, workload.requests(client), depth, tally)

    def _drain(self, open_: list[Client], tally: Tally) -> None:
        deadline = time.perf_counter() + GRACE_SECONDS
        while any(each.talk.outstanding for each in open_) and time.perf_counter() < deadline:
            self._turn(open_, tally, False)
        tally.unanswered += sum(each.talk.outstanding for each in open_)
        for client in open_:
            client.close()

    def _turn(self, open_: list[Client], tally: Tally, goOn: bool) -> None:
        began = time.perf_counter()
        ready = self._selector.select(_STEP)
        self._waited += time.perf_counter() - began
        for key, events in ready:
            client: Client = key.data
            if events & selectors.EVENT_READ:
                self._guarded(client, client.read, open_, tally)
            if client in open_:
                self._guarded(client, client.ask if goOn else client.flush, open_, tally)

    def _guarded(
        self, client: Client, act: Callable[[], None], open_: list[Client], tally: Tally
    ) -> None:
        try:
            act()
            return
        except BlockingIOError:
            return
        except WrongReply as wrong:
            tally.wrong.append(str(wrong))
        except OSError as error:
            tally.lost[error.strerror or str(error)] += 1
            tally.unanswered += client.talk.outstanding
        open_.remove(client)
        client.close()


def troubles(tally: Tally) -> Iterator[str]:
    """All that was not as it should be, in words."""
    for text, count in tally.errors.most_common():
        yield f"{count} x {text}"
    for wrong in tally.wrong[:5]:
        yield f"a reply that nobody asked for: {wrong!r}"
    for why, count in tally.lost.most_common():
        yield f"{count} connections lost: {why}"
    if tally.unanswered:
        yield f"{tally.unanswered} requests without a reply"
