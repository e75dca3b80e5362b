"""The pipeline run for real, again and again, on one output folder."""

import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from schemas.names import NODES

pytestmark = pytest.mark.slow

REJECTED = {"undecodable": 2, "no_video_stream": 1, "no_face": 1, "truncated": 1}
ALWAYS_ASKED = {"LatestBlessedModel"}  # a resolver has no cache: it looks


def test_the_first_run_pushes_a_model(first, workplace):
    assert first.status == 0, first.screen
    assert first.summary["status"] == "pushed"
    assert set(first.states) == set(NODES)
    assert set(first.states.values()) == {"ran"}
    version = pathlib.Path(first.summary["pushed"]["path"])
    assert version.parent == workplace.output / "serving" / "deepfake"
    assert (version / "saved_model.pb").is_file()
    assert first.summary["blessed"] == {"model": True, "infra": True, "reasons": []}
    assert first.summary["baseline_compared"] is False


def test_bad_videos_are_rejected_with_their_codes_and_the_rest_goes_through(first):
    videos = first.summary["videos"]
    assert videos["rejected"] == REJECTED
    assert videos["accepted"] == videos["in"] - sum(REJECTED.values())
    in_splits = sum(split["videos"] for split in first.summary["splits"].values())
    assert in_splits == videos["accepted"]
    assert set(first.summary["splits"]) == {"train", "val", "calibration", "test"}


def test_metrics_come_per_slice_with_intervals_over_videos(first):
    metrics = first.summary["metrics"]
    overall = metrics["overall"]
    test_videos = first.summary["splits"]["test"]["videos"]
    assert overall["num_videos"] == test_videos
    auc = overall["metrics"]["video_auc"]
    assert 0 <= auc["lower"] <= auc["value"] <= auc["upper"] <= 1
    names = {entry["name"] for entry in metrics["slices"]}
    assert {"manipulation_method:original", "compression_level:c23"} <= names
    pristine = next(s for s in metrics["slices"] if s["name"] == "manipulation_method:original")
    assert pristine["metrics"].get("video_auc") is None, "one class has no AUC"


def test_library_chatter_is_in_the_log_and_not_on_the_screen(first):
    log = pathlib.Path(first.summary["log"]).read_text(errors="replace")
    assert "tensorflow" in log.lower()
    for noise in ("WARNING:", "I0000", "absl", "cuda", "Traceback"):
        assert noise not in first.screen


def test_the_pushed_model_answers_without_keras_and_tfx(first):
    """A server has TensorFlow alone: load in a fresh process and look at what it imported."""
    program = f"""
import sys, tensorflow as tf
model = tf.saved_model.load({first.summary["pushed"]["path"]!r})
print(sorted(model.signatures))
print(sorted(model.signatures["serving_default"].structured_input_signature[1]))
print(sorted(model.signatures["serving_default"].structured_outputs))
print([name for name in ("tfx", "apache_beam", "tensorflow_transform") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    signatures, inputs, outputs, imported = done.stdout.splitlines()
    assert signatures == "['serving_default', 'serving_examples', 'transform_features']"
    assert inputs == "['frame_present', 'track_frames']"
    assert outputs == (
        "['clip_scores', 'frame_scores', 'logit', 'preprocessing_hash', 'score', 'thresholds']"
    )
    assert imported == "[]"


def test_a_repeat_reruns_only_what_the_new_baseline_changes(repeated):
    assert repeated.status == 0, repeated.screen
    ran = {node for node, state in repeated.states.items() if state == "ran"}
    assert ran == {"Evaluator", "Pusher"} | ALWAYS_ASKED
    assert repeated.summary["baseline_compared"] is True


def test_the_run_after_that_is_cached_entirely(settled, repeated):
    assert settled.status == 0, settled.screen
    cached = {node for node, state in settled.states.items() if state == "cached"}
    assert cached == set(NODES) - ALWAYS_ASKED
    assert settled.summary["pushed"] == repeated.summary["pushed"]


def test_one_added_video_reruns_only_what_it_must(extended, first):
    assert extended.status == 0, extended.screen
    assert extended.summary["status"] == "partial"
    assert extended.states["ImportSchemaGen"] == "cached"
    for node in ("VideoValidator", "FrameExtractor", "StatisticsGen", "DataGate"):
        assert extended.states[node] == "ran"
    for node in ("Transform", "Trainer", "Evaluator", "Pusher"):
        assert extended.states[node] == "skipped"
    assert extended.summary["videos"]["in"] == first.summary["videos"]["in"] + 1


def test_too_many_rejected_videos_stop_the_run_and_name_them(stopped):
    assert stopped.status == 1
    assert stopped.summary["status"] == "failed"
    assert stopped.summary["error"]["node"] == "DataGate"
    assert stopped.summary["error"]["code"] == "data_gate"
    for offender in ("corrupt", "empty", "audio_only", "faceless", "truncated"):
        assert offender in stopped.screen
    assert stopped.summary["log"] in stopped.screen.replace("\n", "")


def test_a_candidate_that_guesses_is_not_pushed_and_the_status_says_so(refused, settled):
    assert refused.status == 3, refused.screen
    assert refused.summary["status"] == "not_blessed"
    assert refused.summary["blessed"]["model"] is False, "the baseline's blessing is not its own"
    assert any("auc" in reason.lower() for reason in refused.summary["blessed"]["reasons"])
    assert refused.summary["pushed"] is None
    assert "NOTHING WAS PUSHED" in refused.screen
    served = pathlib.Path(settled.summary["pushed"]["path"])
    assert max(version.name for version in served.parent.iterdir()) == served.name


def test_a_killed_run_resumes(settled, runner, workplace):
    """Kills the worker in the middle of training; the same command goes on from there."""
    changed = (*workplace.arguments, "--set", "training.epochs=60", "--set", "training.patience=60")
    command = pathlib.Path(sys.executable).with_name("deepfake")
    before = set(workplace.output.glob("*/events.jsonl"))
    process = subprocess.Popen(
        [command, "run", "--output", str(workplace.output), *changed],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = _wait_for_epoch(process, workplace.output, before, epoch=3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _wait_until_free(workplace.output)

    run = runner(workplace.output, *changed)
    assert run.status in (0, 3), run.screen
    assert run.states["Transform"] == "cached"
    assert run.states["Trainer"] == "ran"
    epochs = _epochs(run.folder / "events.jsonl")
    assert min(epochs) > 1, f"training started anew; the killed run had reached {_epochs(journal)}"


def test_two_runs_on_one_folder_are_refused(deepfake, workplace, settled):
    with (workplace.output / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = deepfake("run", "--output", str(workplace.output), *workplace.arguments)
    assert done.returncode == 2
    assert "another run" in done.stdout


def test_runs_are_listed_and_shown(deepfake, workplace, first):
    listed = deepfake("runs", "list", "--output", str(workplace.output))
    assert listed.returncode == 0
    assert first.summary["run_id"] in listed.stdout
    shown = deepfake(
        "runs", "show", first.summary["run_id"], "--output", str(workplace.output), "--json"
    )
    assert json.loads(shown.stdout) == first.summary


def _wait_for_epoch(
    process: "subprocess.Popen[bytes]", output: pathlib.Path, before: set[pathlib.Path], epoch: int
) -> pathlib.Path:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        for journal in set(output.glob("*/events.jsonl")) - before:
            if max(_epochs(journal), default=0) >= epoch:
                return journal
        time.sleep(0.1)
    pytest.fail("training did not get far enough to be killed")


def _wait_until_free(output: pathlib.Path) -> None:
    """Waits for the orphaned worker, which holds the lock, to notice and end."""
    deadline = time.monotonic() + 60
    with (output / ".lock").open("a") as lock:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.2)
    pytest.fail("the worker outlived its command")


def _epochs(journal: pathlib.Path) -> list[int]:
    events = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    return [e["fields"]["epoch"] for e in events if "epoch" in e.get("fields", {})]
