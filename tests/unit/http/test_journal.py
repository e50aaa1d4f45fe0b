"""The last events of the log."""

from __future__ import annotations

from twisted.logger import Logger, LogPublisher

from nuttwist.http.journal import LENGTH, Journal
from nuttwist.logs.events import SERVER_EJECTED


def logging(journal, namespace="nuttwist.standing"):
    """A logger that only the journal hears."""
    return Logger(namespace=namespace, observer=LogPublisher(journal))


def test_eventsAreToldNewestFirst():
    """With kind, pool and server where the event has them."""
    journal = Journal()
    log = logging(journal)
    SERVER_EJECTED(
        log, pool="leaf", server="a", term="for 5 s", reason="dead", seconds=5, by_hand=False
    )
    log.info("something", server="b")
    told = journal.since(0, 10)
    assert [(each["kind"], each["pool"], each["server"]) for each in told["events"]] == [
        ("log", None, None),
        ("ejected", "leaf", "a"),
    ]
    assert told["events"][1]["text"] == "leaf: ejected a for 5 s: dead"
    assert journal.since(told["next"], 10) == {"next": 2, "events": []}
    assert journal.counts["ejected"] == 1


def test_othersAndDetailsAreNotKept():
    """Neither debugging nor what other packages say."""
    journal = Journal()
    logging(journal).debug("detail")
    logging(journal, "twisted.web").error("other")
    assert journal.since(0, 10)["events"] == []


def test_theJournalIsBounded():
    """The oldest events go."""
    journal = Journal()
    for number in range(LENGTH + 5):
        logging(journal).info("{number}", number=number)
    events = journal.since(0, LENGTH)["events"]
    assert (len(events), events[-1]["text"]) == (LENGTH, "5")
