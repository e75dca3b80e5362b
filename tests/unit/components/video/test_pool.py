"""Worker processes with a time limit for each video."""

import os
import pathlib
import signal
import time

import pytest

from components.video import clips, pool


@pytest.fixture
def start(spec, faces):
    """Makes pools that are closed when the test ends."""
    pools = []

    def make(timeout_seconds=60.0, num_workers=1):
        pools.append(
            pool.TrackPool(spec, faces, timeout_seconds=timeout_seconds, num_workers=num_workers)
        )
        return pools[-1]

    yield make
    for made in pools:
        made.close()


@pytest.fixture
def hanging(tmp_path) -> pathlib.Path:
    """A pipe without a writer: opening it blocks for ever, inside C code."""
    path = tmp_path / "hanging.mp4"
    os.mkfifo(path)
    return path


def collect(workers):
    outcomes = {}
    while workers.num_running:
        outcomes |= {outcome.item: outcome for outcome in workers.wait()}
    return outcomes


@pytest.fixture
def children():
    """Ids of the living child processes that the test has started, in their order."""

    def living():
        listing = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
        return [int(child) for child in listing.split()]

    others = living()  # of other tests of the session, such as a database server
    return lambda: [child for child in living() if child not in others]


def test_tracks_equal_those_of_a_direct_call(start, talk, spec, faces, blazeface):
    workers = start()
    workers.submit("item", str(talk))
    (outcome,) = workers.wait()
    (expected,) = clips.iter_tracks(talk, spec, faces, blazeface)
    assert outcome.item == "item"
    assert outcome.error is None
    (track,) = outcome.tracks
    assert track.frames == expected.frames
    assert track.boxes.tolist() == expected.boxes.tolist()


def test_a_bad_video_is_an_outcome_and_the_worker_goes_on(start, plain, talk, children):
    workers = start()
    for path in (plain, talk):
        workers.submit(path.parent.name, str(path))
        (outcome,) = workers.wait()
        assert (outcome.error is not None) == (path is plain)
    assert len(children()) == 1


def test_a_hanging_decoder_times_out_and_the_others_do_not(start, hanging, talk):
    workers = start(timeout_seconds=1.0, num_workers=2)
    workers.submit("hanging", str(hanging))
    workers.submit("good", str(talk))
    outcomes = collect(workers)
    assert outcomes["hanging"].error.code == "decode_timeout"
    assert "not done after 1 seconds" in str(outcomes["hanging"].error)
    assert outcomes["good"].error is None
    workers.submit("next", str(talk))
    assert len(workers.wait()[0].tracks) == 1


@pytest.fixture
def kill(children):
    """Kills the worker that is at work on a hanging video."""

    def kill(workers, hanging, number):
        workers.submit("victim", str(hanging))
        time.sleep(0.05)
        os.kill(children()[-1], number)

    return kill


def test_a_decoder_that_crashes_makes_the_video_undecodable(start, hanging, kill):
    workers = start()
    kill(workers, hanging, signal.SIGSEGV)
    (outcome,) = workers.wait()
    assert outcome.error.code == "undecodable"
    assert "SIGSEGV" in str(outcome.error)


def test_a_worker_killed_from_outside_is_no_fault_of_the_video(start, hanging, children, kill):
    workers = start()
    kill(workers, hanging, signal.SIGKILL)
    with pytest.raises(pool.WorkerError, match=r"hanging\.mp4 ended with status -9"):
        workers.wait()
    assert children() == []


def test_a_bug_is_raised_with_its_traceback(start, tmp_path):
    workers = start()
    workers.submit("missing", str(tmp_path / "missing.mp4"))
    with pytest.raises(pool.WorkerError, match="FileNotFoundError"):
        workers.wait()


def test_closing_ends_idle_and_busy_workers(start, hanging, talk, children):
    workers = start(num_workers=2)
    workers.submit("good", str(talk))
    workers.wait()
    workers.submit("hanging", str(hanging))
    assert children()
    workers.close()
    assert children() == []


def test_a_full_pool_takes_no_more(start, hanging):
    workers = start()
    workers.submit("hanging", str(hanging))
    assert workers.is_full
    with pytest.raises(RuntimeError, match="all 1 workers are busy"):
        workers.submit("more", str(hanging))


@pytest.mark.parametrize("arguments", [{"timeout_seconds": 0}, {"num_workers": 0}])
def test_limits_must_be_positive(start, arguments):
    with pytest.raises(ValueError, match="got 0"):
        start(**arguments)
