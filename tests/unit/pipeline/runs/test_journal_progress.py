"""Reports of the running work become events of the running node, not too many."""

import logging

from pipeline.runs import events, journal
from pipeline.runs.events import NodeState
from schemas import progress as reports


def forwarded(work, interval_seconds):
    told = []
    with journal.forwarded(told.append, interval_seconds=interval_seconds) as sink:
        work(sink)
    return [event.fields for event in told if isinstance(event, events.Progressed)], told


def one_node(sink):
    reports.report(videos_done=99)  # nothing is running yet
    sink(events.NodeStarted(node="A"))
    for done in range(1, 6):
        reports.report(videos_done=done)
    sink(events.NodeEnded(node="A", state=NodeState.RAN))
    reports.report(videos_done=99)


def test_the_first_and_the_last_report_of_a_node_always_pass():
    fields, told = forwarded(one_node, interval_seconds=60)
    assert fields == [{"videos_done": 1}, {"videos_done": 5}]
    assert [type(event).__name__ for event in told] == [
        *("NodeStarted", "Progressed", "Progressed", "NodeEnded")
    ]


def test_all_pass_when_they_are_slow_enough():
    fields, _ = forwarded(one_node, interval_seconds=0)
    assert fields == [{"videos_done": done} for done in range(1, 6)]


def test_nothing_listens_afterwards():
    logger = logging.getLogger(reports.LOGGER_NAME)
    before = (list(logger.handlers), logger.level, logger.propagate)
    forwarded(one_node, interval_seconds=0)
    assert (list(logger.handlers), logger.level, logger.propagate) == before
