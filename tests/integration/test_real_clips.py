"""The pipeline on real footage: people before cameras, and AI-generated talking heads."""

import csv
import pathlib

import pytest

CLIPS = pathlib.Path(__file__).parents[3] / "shared" / "data" / "clips"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CLIPS / "manifest.csv").is_file(),
        reason="the real clips are not part of the project and not beside this checkout",
    ),
]

# Small and short: what is tested is the way from real files to an honest gate, not a model.
CONFIG = """\
name: deepfake-real
clip: {num_clips: 2, crop_size: 64}
training: {encoder: small_cnn, epochs: 2, fine_tune_epochs: 0}
evaluation: {bootstrap_rounds: 200}
"""


@pytest.fixture(scope="module")
def real_run(runner, tmp_path_factory):
    """One clip of every person and portrait."""
    folder = tmp_path_factory.mktemp("real")
    with (CLIPS / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list({row["target_identity"]: row for row in csv.DictReader(file)}.values())
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "real.yaml").write_text(CONFIG)
    arguments = ("--manifest", str(folder / "manifest.csv"), "--config", str(folder / "real.yaml"))
    run = runner(folder / "runs", *arguments, "--set", f"data.videos_root={CLIPS}")
    return run, rows


def test_every_clip_is_accepted_and_every_split_holds_both_classes(real_run):
    run, rows = real_run
    assert run.summary["videos"] == {"in": len(rows), "accepted": len(rows), "rejected": {}}
    assert all(split["videos"] >= 2 for split in run.summary["splits"].values())


def test_slices_of_real_footage_are_evaluated(real_run):
    run, _ = real_run
    names = {entry["name"] for entry in run.summary["metrics"]["slices"]}
    assert "manipulation_method:talking_head_anitalker" in names
    assert any(name.startswith("dataset_name:") for name in names)


def test_so_few_videos_are_never_blessed_and_the_gate_says_why(real_run):
    run, _ = real_run
    assert run.status == 3, run.screen
    assert run.summary["blessed"]["infra"] is True
    assert any("fake videos" in reason for reason in run.summary["not_pushed_because"])
    assert "NOTHING WAS PUSHED" in run.screen
