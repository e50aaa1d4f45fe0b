"""Connections in memory carry bytes and end as the kernel's do, where the proxy could tell."""

from __future__ import annotations

import errno
import socket

import pytest
from twisted.internet import error

from tests.rig.recorders import HalfRecorder, served


def test_writesOfOneTurnArriveTogether(network):
    """What a protocol writes in one turn leaves as one piece."""
    client, recorder = served(network)
    recorder.transport.write(b"a")
    recorder.transport.writeSequence([b"b", b"c"])
    network.settle()
    assert client.recv(100) == b"abc"
    client.close()


def test_bytesAndTheEndOfTheStreamArriveInOrder(network):
    """A plain protocol loses its connection on the end of the stream."""
    client, recorder = served(network)
    client.send(b"x")
    client.shutdown(socket.SHUT_WR)
    network.settle()
    assert recorder.events == ["made", b"x", error.ConnectionDone]
    assert client.recv(1) == b""
    client.close()


def test_halfClosedConnectionCanStillAnswer(network):
    """A protocol that asked for it hears of a half close and may write afterwards."""
    client, recorder = served(network, HalfRecorder)
    client.shutdown(socket.SHUT_WR)
    network.settle()
    assert recorder.events == ["made", "read lost"]
    recorder.transport.write(b"late")
    recorder.transport.loseConnection()
    network.settle()
    assert (client.recv(100), client.recv(100)) == (b"late", b"")
    assert recorder.events[-1] is error.ConnectionDone
    client.close()


def test_loseWriteConnectionEndsOneDirection(network):
    """After a half close of our own the peer's bytes still come in."""
    client, recorder = served(network, HalfRecorder)
    recorder.transport.loseWriteConnection()
    network.settle()
    assert client.recv(1) == b""
    client.send(b"more")
    network.settle()
    assert recorder.events == ["made", "write lost", b"more"]
    recorder.transport.loseConnection()
    client.close()


def test_resetLosesTheConnectionAfterTheBytesBeforeIt(network):
    """A reset is an unclean loss; bytes that were there first are read first."""
    client, recorder = served(network)
    client.send(b"x")
    client.abort()
    network.settle()
    assert recorder.events == ["made", b"x", error.ConnectionLost]


def test_abortResetsThePeer(network):
    """An aborted connection raises on the other side."""
    client, recorder = served(network)
    recorder.transport.abortConnection()
    network.settle()
    with pytest.raises(OSError, match="reset") as caught:
        client.recv(1)
    assert caught.value.errno == errno.ECONNRESET
    client.close()


def test_closingWithUnreadBytesResets(network):
    """Whoever closes without having read everything resets the other side."""
    client, recorder = served(network)
    recorder.transport.write(b"unread")
    network.settle()
    client.close()
    network.settle()
    assert recorder.events == ["made", error.ConnectionLost]


def test_writingToAClosedPeerLosesTheConnection(network):
    """Answers to a peer that has gone away entirely are met by a reset."""
    client, recorder = served(network, HalfRecorder)
    client.close()
    network.settle()
    for _ in range(2):
        recorder.transport.write(b"answer")
        network.settle()
    assert recorder.events == ["made", "read lost", error.ConnectionLost]


def test_aPeerThatDoesNotReadPausesTheProducer(network):
    """A full peer stops a producer, and reading lets it go on."""
    network.wire.window = 100_000
    client, recorder = served(network)
    calls = []
    recorder.pauseProducing = lambda: calls.append("pause")
    recorder.resumeProducing = lambda: calls.append("resume")
    recorder.transport.registerProducer(recorder, streaming=True)
    recorder.transport.write(b"x" * 300_000)
    network.settle()
    assert calls == ["pause"]
    received = 0
    while received < 300_000:
        received += len(client.recv(1 << 20))
        network.settle()
    assert calls == ["pause", "resume"]
    recorder.transport.unregisterProducer()
    client.close()


def test_aPausedTransportReceivesNothing(network):
    """Bytes for a paused protocol wait until it resumes."""
    client, recorder = served(network)
    recorder.transport.pauseProducing()
    client.send(b"x")
    network.settle()
    assert recorder.events == ["made"]
    recorder.transport.resumeProducing()
    network.settle()
    assert recorder.events == ["made", b"x"]
    client.close()
