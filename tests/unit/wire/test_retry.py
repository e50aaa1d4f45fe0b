"""Requests that are repeated when their connection fails: where, how often, how long."""

from __future__ import annotations

import pytest

from nuttwist.wire.request import GREETING, Request
from nuttwist.wire.retry import Allowance, Repeated

from .losses import ERROR, TIMEOUT, Rig, key
from .rig import block


def test_aReadIsRepeatedWhetherItWasWrittenOrNot():
    """The client gets its value, and no error is counted."""
    rig = Rig()
    one, two = key(rig, 0), key(rig, 1)
    rig.send([b"get %s\r\n" % one])
    rig.takeAll()
    rig.send([b"get %s\r\n" % two])
    rig.failAll()
    assert rig.answerAll() == block(one) + b"END\r\n" + block(two) + b"END\r\n"
    assert (rig.counters.repeated, rig.counters.forward_error) == (2, 0)


def test_aWriteIsRepeatedOnlyIfNoneOfItWasWritten():
    """What a server may have done is not done again."""
    rig = Rig(servers=1)
    rig.send([b"set k 0 0 1\r\na\r\n"])
    rig.takeAll()
    rig.send([b"set k 0 0 1\r\nb\r\n"])
    rig.failAll()
    assert rig.router.pipelines[0].inQueue[0].data == b"set k 0 0 1\r\nb\r\n"
    assert rig.answerAll() == ERROR + b"STORED\r\n"
    assert rig.counters.forward_error == 1


def test_theOrderOfWhatIsRepeatedStays():
    """What was written comes first, then what was not, then what is new."""
    rig = Rig(servers=1)
    rig.send([b"get a\r\n"])
    rig.takeAll()
    rig.send([b"set k 0 0 1\r\nb\r\n", b"get b\r\n"])
    rig.failAll()
    rig.send([b"get c\r\n"])
    assert rig.takeAll() == (b"get a\r\nset k 0 0 1\r\nb\r\nget b\r\nget c\r\n",)


def test_silentWritesAreRepeatedToo():
    """Nobody would hear of their being lost."""
    rig = Rig(servers=1)
    rig.send([b"set k 0 0 1 noreply\r\na\r\n", b"set k 0 0 1\r\nb\r\n"])
    rig.failAll()
    assert rig.takeAll() == (b"set k 0 0 1 noreply\r\na\r\nset k 0 0 1\r\nb\r\n",)
    rig.answer(0)
    assert rig.replies.take() == b"STORED\r\n"


def test_silentWritesAreNotRepeatedForEver():
    """They count their attempts like others, and end in silence."""
    rig = Rig(attempts=2, servers=1)
    rig.send([b"set k 0 0 1 noreply\r\na\r\n"])
    for _ in range(3):
        assert rig.router.pipelines[0].inQueue
        rig.failAll()
    assert not rig.router.pipelines[0].inQueue
    assert (rig.counters.repeated, rig.counters.forward_error) == (2, 0)


def test_aPoolThatStopsRepeatsNothingAgain():
    """What was to be repeated more often fails as well."""
    rig = Rig(attempts=5, servers=1)
    rig.send([b"get a\r\n"])
    rig.failAll()
    rig.allowed = Allowance(0, TIMEOUT)
    rig.failAll()
    assert rig.replies.take() == ERROR


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_eachRequestIsRepeatedSoOften(attempts):
    """Then it gets its one error."""
    rig = Rig(attempts=attempts, servers=1)
    rig.send([b"get a\r\n"])
    for _ in range(attempts):
        rig.failAll()
        assert rig.replies.take() == b""
    rig.failAll()
    assert rig.replies.take() == ERROR
    assert (rig.counters.repeated, rig.counters.forward_error) == (attempts, 1)


def test_thereIsNoTimeLeft():
    """The timeout holds over all attempts."""
    rig = Rig(attempts=9, servers=1)
    rig.send([b"get a\r\n"])
    rig.router.now += TIMEOUT - 1
    rig.failAll()
    assert rig.replies.take() == b""
    rig.router.now += 1
    rig.failAll()
    assert rig.replies.take() == ERROR


def test_withoutATimeoutThereIsAlwaysTime():
    """Only the attempts are counted."""
    rig = Rig(timeout=None, servers=1)
    rig.send([b"get a\r\n"])
    rig.router.now += 1e6
    rig.failAll()
    assert rig.counters.repeated == 1


def test_aRepeatedRequestGoesWhereItsKeyIsByThen():
    """The connection that failed may be that of a server that is out now."""
    rig = Rig()
    one = key(rig, 0)
    rig.send([b"get %s\r\n" % one])
    rig.takeAll()
    rig.rehash(1)
    rig.router.pipelines[0].fail("unknown")
    assert rig.takeAll() == (b"", b"get %s\r\n" % one)


def test_partsOfASplitGetAreRepeatedEvenOnOneConnection():
    """Each part is still answered by itself, and what it found before is forgotten."""
    rig = Rig(servers=2)
    one, two = key(rig, 0), key(rig, 1)
    rig.send([b"get %s %s\r\n" % (one, two)])
    rig.takeAll()
    parts = [pipeline.outQueue[0] for pipeline in rig.router.pipelines]
    parts[0].found[one] = b"half a reply"
    rig.rehash(0)
    rig.failAll()
    assert parts[0].found == {}
    assert rig.answerAll() == block(one) + block(two) + b"END\r\n"
    assert rig.counters.forward_error == 0


def test_aPartThatFailsForGoodFailsTheWhole():
    """As without retries."""
    rig = Rig(servers=2)
    rig.send([b"get %s %s\r\n" % (key(rig, 0), key(rig, 1))])
    rig.failAll()
    rig.failAll()
    assert rig.replies.take() == ERROR
    assert rig.counters.forward_error == 1


def test_nothingIsRepeatedForAClientThatHasLeft():
    """Its requests end with the connection."""
    rig = Rig(servers=1)
    rig.send([b"get a\r\n"])
    rig.replies.abandon()
    rig.failAll()
    assert rig.router.pipelines[0].inQueue == []
    assert rig.counters.repeated == 0


def test_aClientThatLeavesMeanwhileIsNotMissed():
    """The reply is swallowed, and the next attempt is not made."""
    rig = Rig(attempts=5, servers=1)
    rig.send([b"get a\r\nget b\r\n"])
    rig.failAll()
    rig.replies.abandon()
    rig.takeAll()
    rig.answer(0)
    assert rig.router.pipelines[0].counters.responses == 0
    rig.send([b"get c\r\n"])
    rig.failAll()
    assert rig.counters.repeated == 2


def test_aGreetingIsNotRepeated():
    """It belongs to its connection."""
    rig = Rig(servers=1)
    pipeline = rig.router.pipelines[0]
    pipeline.outQueue.append(Request(rig.replies, b"version\r\n", 1.0, GREETING))
    rig.failAll()
    assert pipeline.inQueue == []


def test_aRequestNobodyCanReadIsNotRepeated():
    """Such as one for every server."""
    rig = Rig(servers=1)
    rig.send([b"flush_all\r\n"])
    rig.failAll()
    assert rig.replies.take() == b"SERVER_ERROR server0: unknown\r\n"


def test_theOldestMayBeBehindYoungerOnes():
    """A repeated request joins a queue behind what is younger, and its time is up first."""
    rig = Rig(attempts=9)
    pipeline = rig.router.pipelines[1]
    one, two = key(rig, 0), key(rig, 1)
    rig.send([b"get %s\r\n" % one])
    old = rig.router.pipelines[0].inQueue[0]
    rig.router.now += 1
    rig.send([b"get %s\r\n" % two])
    young = pipeline.inQueue[0]
    assert pipeline.oldest() is young
    rig.rehash(1)
    rig.router.pipelines[0].fail("unknown")
    assert pipeline.oldest() is old
    pipeline.take()
    assert pipeline.oldest() is old
    old.reply = b"END\r\n"
    assert pipeline.oldest() is young
    assert pipeline.repeated == []


def test_theOldestIsARepeatedOneOnAnEmptyConnection():
    """And not forgotten when the younger one is repeated besides."""
    rig = Rig(attempts=9, servers=1)
    pipeline = rig.router.pipelines[0]
    rig.send([b"get a\r\n"])
    rig.router.now += 1
    rig.send([b"get b\r\n"])
    rig.failAll()
    assert pipeline.oldest() is pipeline.inQueue[0]
    assert len(pipeline.repeated) == 2
    pipeline.fail("unknown")
    assert len(pipeline.repeated) == 2


def test_whoeverWaitsForNothingIsGone():
    """A repeated request without an owner swallows what comes."""
    owner = Repeated(None, 1)
    owner.touched = True
    owner.settle()
    owner.failed(Request(owner, b"", 0.0), ERROR)
    assert (owner.gone, owner.touched) == (True, False)


def test_aRepeatedMetaRequestIsStillOne():
    """Its reply is read as before."""
    rig = Rig(servers=1)
    rig.send([b"mg k v\r\n"])
    rig.failAll()
    assert rig.answerAll() == b"VA 4\r\nHD\r\n\r\n"
