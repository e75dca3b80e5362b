"""The journal file: whole lines only, in order, also from several threads."""

import threading

from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Follower, Journal, RunFollower


def test_a_follower_gets_each_event_once(tmp_path):
    path = tmp_path / "events.jsonl"
    journal, follower = Journal(path), Follower(path)
    assert follower.read() == []
    journal.append(events.NodeStarted(node="A", time=1.0))
    assert [event.node for event in follower.read()] == ["A"]
    journal.append(events.NodeStarted(node="B", time=2.0))
    journal.append(events.NodeStarted(node="C", time=3.0))
    assert [event.node for event in follower.read()] == ["B", "C"]
    assert follower.read() == []


def test_a_torn_line_waits_until_it_is_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    line = events.to_json(events.NodeStarted(node="A", time=1.0)) + "\n"
    path.write_text(line[:10])
    follower = Follower(path)
    assert follower.read() == []
    path.write_text(line)
    assert [event.node for event in follower.read()] == ["A"]


def test_lines_of_several_threads_do_not_mix(tmp_path):
    journal = Journal(tmp_path / "events.jsonl")

    def work(name):
        for _ in range(50):
            journal.append(events.NodeStarted(node=name * 100))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Follower(tmp_path / "events.jsonl").read()) == 200


def test_the_journals_of_steps_are_read_with_that_of_the_run_by_time(tmp_path):
    folder = RunFolder(tmp_path)
    follower = RunFollower(folder)
    assert follower.read() == []
    folder.steps.mkdir()
    Journal(folder.step_journal("B")).append(events.NodeStarted(node="B", time=3.0))
    Journal(folder.step_journal("A")).append(events.NodeStarted(node="A", time=2.0))
    Journal(folder.journal).append(events.Planned(nodes=("A", "B"), time=1.0))
    assert [event.time for event in follower.read()] == [1.0, 2.0, 3.0]
    Journal(folder.step_journal("A")).append(events.NodeStarted(node="A", time=4.0))
    assert [event.time for event in follower.read()] == [4.0]
