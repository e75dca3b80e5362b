"""Tests of the comparison of two runs."""

import json
import pathlib
import shutil

import pytest

from pipeline.lineage import comparison
from schemas import video_record

RUNS = [f"20260101-00000{number}-made" for number in range(3)]


@pytest.fixture
def compare(output, reader):
    """Compares two of the made runs, by number."""

    def compare(before, after):
        facts = [
            comparison.facts_of_run(reader(), RUNS[number], output) for number in (before, after)
        ]
        return comparison.compare(*facts)

    return compare


def test_a_run_does_not_differ_from_itself(compare):
    same = compare(0, 0)
    assert same.videos.num_unchanged == 24
    changes = (same.configuration, same.code, same.packages, same.incomplete)
    assert changes == ((), (), (), ())
    assert [entry.difference for entry in same.metrics] == [0.0]


def test_videos_that_came_and_went_are_named_also_where_they_are_from_the_cache(compare):
    assert compare(0, 1).videos.num_unchanged == 24
    videos = compare(1, 2).videos
    assert videos.added == tuple(
        sorted(f"made/{'swap' if n % 2 else 'original'}/v{n}" for n in range(24, 30))
    )
    assert videos.removed[:2] == ("made/original/v0", "made/original/v2")
    assert (len(videos.removed), videos.num_unchanged) == (6, 18)


def test_labels_splits_and_bytes_of_the_same_video_are_told_apart(reader, compare):
    manifest = reader().artifacts_by_type("VideoManifest")[1]
    path = pathlib.Path(manifest.uri, video_record.FILE_NAME)
    lines = path.read_text().splitlines()
    assert '"video_id": "v7"' in lines[1]
    lines[1] = lines[1].replace('"is_fake": true', '"is_fake": false')
    lines[2] = lines[2].replace('"split": "calibration"', '"split": "test"')
    lines[3] = lines[3].replace('"digest": "', '"digest": "0')
    path.write_text("\n".join(lines) + "\n")
    videos = compare(0, 2).videos
    [relabelled], [moved], [replaced] = videos.relabelled, videos.moved, videos.replaced
    assert (relabelled.name, relabelled.before, relabelled.after) == (
        *("made/swap/v7", "fake", "real"),
    )
    assert (moved.name, moved.before, moved.after) == ("made/original/v8", "calibration", "test")
    assert replaced.name == "made/swap/v9"
    assert videos.num_unchanged == 15


def test_configuration_code_and_packages_are_compared(reader, compare):
    model = reader().artifacts_by_type("Model")[2]
    path = pathlib.Path(model.uri, "Format-Serving", "assets.extra", "detector.json")
    facts = json.loads(path.read_text())
    facts["versions"] = {"keras": "3.16.0", "numpy": "2"}
    path.write_text(json.dumps(facts))
    found = compare(0, 2)
    assert [vars(change) for change in found.configuration] == [
        {"name": "training.seed", "before": 0, "after": 2}
    ]
    assert [(change.name, change.before, change.after) for change in found.packages] == [
        ("keras", "3.15.1", "3.16.0"),
        ("numpy", None, "2"),
    ]
    assert found.code == ()


def test_code_is_compared_by_node_also_where_tfx_keeps_it_in_its_custom_config(compare, reader):
    store = reader()
    facts = comparison.facts_of_run(store, RUNS[0], pathlib.Path("absent"))
    assert {"VideoValidator", "Trainer", "Transform", "Pusher"} <= facts.code.keys()
    assert all(len(digest) == 64 for digest in facts.code.values())
    # Without a run folder the parameters of the nodes stand in for the configuration.
    assert facts.configuration == {}
    assert facts.parameters["Trainer.custom_config.training.epochs"] == 2
    assert not any("fingerprint" in name for name in facts.parameters)
    assert "no evaluation in" in facts.missing[0]


def test_metrics_have_both_intervals_and_the_difference(compare):
    [entry] = compare(0, 2).metrics
    assert (entry.slice_name, entry.metric) == ("overall", "video_auc")
    assert (entry.before.value, entry.after.value) == (0.95, 0.5)
    assert entry.difference == pytest.approx(-0.45)
    assert entry.intervals_overlap is False
    [same] = compare(0, 1).metrics
    assert same.intervals_overlap is True


def test_a_slice_of_one_run_alone_has_no_difference(output, compare):
    path = output / RUNS[2] / "summary.json"
    summary = json.loads(path.read_text())
    extra = summary["metrics"]["overall"] | {"name": "context:news"}
    extra["metrics"] = {"video_auc": {"value": 0.5, "lower": None, "upper": 1.0}}
    path.write_text(json.dumps(summary | {"metrics": summary["metrics"] | {"slices": [extra]}}))
    entry = compare(0, 2).metrics[1]
    assert (entry.before, entry.difference, entry.intervals_overlap) == (None, None, None)
    assert compare(2, 2).metrics[1].intervals_overlap is None


def test_what_cannot_be_read_is_said(reader, compare):
    shutil.rmtree(reader().artifacts_by_type("VideoManifest")[1].uri)
    found = compare(0, 2)
    assert len(found.incomplete) == 1
    assert found.incomplete[0].startswith(f"{RUNS[2]}: the videos are unknown")
