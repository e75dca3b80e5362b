"""The written data set: files, manifest, resumption, and no short cut to the label."""

import collections
import csv

import av
import numpy as np
import pytest

from components.video import detector
from pipeline.demo import dataset, plan
from schemas import manifest as manifest_file
from schemas import taxonomy
from schemas.face_config import FaceConfig

TINY = {"num_identities": 2, "num_takes": 1, "seconds": 0.2}


def read(manifest):
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def decode(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_rows_describe_the_planned_videos(small_manifest, small):
    rows = read(small_manifest)
    assert tuple(rows[0]) == manifest_file.COLUMNS
    assert len(rows) == len(plan.videos(small)) == 28
    assert {row["label"] for row in rows} == set(taxonomy.LABELS)
    for row, video in zip(rows, plan.videos(small), strict=True):
        assert row["video_id"] == video.record().video_id
        assert (row["label"] == taxonomy.FAKE) == video.record().is_fake
        assert bool(row["source_video"]) == video.record().is_fake


def test_every_video_decodes_to_its_frames(small_manifest, small):
    for row in read(small_manifest):
        with av.open(str(small_manifest.parent / row["path"])) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.average_rate) == ("h264", small.fps)
            sizes = [(frame.width, frame.height) for frame in container.decode(stream)]
        assert sizes == [(256, 256)] * small.num_frames


def test_a_forgery_differs_from_its_source_in_the_face_alone(small_manifest):
    rows = {row["video_id"]: row for row in read(small_manifest)}
    for row in rows.values():
        if not row["source_video"]:
            continue
        forged, source = (
            np.float32(decode(small_manifest.parent / r["path"]))
            for r in (row, rows[row["source_video"]])
        )
        difference = np.abs(forged - source).mean(axis=(0, 3))
        face, corner = difference[100:160, 100:160].mean(), difference[:24, :24].mean()
        assert face > 2 * corner, row["video_id"]


def test_the_face_detector_finds_them(small_manifest):
    finder = detector.find_detector(detector.BLAZEFACE, FaceConfig())
    for row in read(small_manifest):
        frames = decode(small_manifest.parent / row["path"])[::3]
        found = [face for frame in frames if (face := finder.detect(frame)[:1])]
        assert len(found) >= 0.95 * len(frames), row["video_id"]
        assert np.median([face[0].box[2:].max() for face in found]) >= 80


def test_file_properties_do_not_tell_the_label(small_manifest):
    sizes = collections.defaultdict(list)
    for row in read(small_manifest):
        size = (small_manifest.parent / row["path"]).stat().st_size
        sizes[row["label"]].append(size)
    real, fake = (np.array(sizes[label]) for label in taxonomy.LABELS)
    auc = (fake[:, None] > real).mean() + 0.5 * (fake[:, None] == real).mean()
    assert 0.2 <= auc <= 0.8


def test_the_seed_decides_every_byte_whatever_the_workers(tmp_path):
    first = dataset.write_dataset(tmp_path / "a", **TINY).parent
    second = dataset.write_dataset(tmp_path / "b", **TINY, workers=2).parent
    other = dataset.write_dataset(tmp_path / "c", **TINY, seed=1).parent
    assert contents(first) == contents(second)
    videos = [{k: v for k, v in contents(f).items() if k.endswith(".mp4")} for f in (first, other)]
    assert videos[0].keys() == videos[1].keys()
    assert not set(videos[0].values()) & set(videos[1].values())


def test_a_complete_folder_is_left_alone(tmp_path):
    dataset.write_dataset(tmp_path, **TINY)
    before, calls = times(tmp_path), []
    dataset.write_dataset(tmp_path, **TINY, on_progress=lambda *call: calls.append(call))
    assert times(tmp_path) == before
    assert calls == [(10, 10)]


def test_an_interrupted_run_shows_whole_videos_only_and_goes_on(tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.write_dataset(tmp_path, **TINY, on_progress=stop)
    assert not (tmp_path / dataset.MANIFEST_FILE).exists()
    finished = times(tmp_path)
    assert len([path for path in finished if path.suffix == ".mp4"]) == 5

    calls = []
    dataset.write_dataset(tmp_path, **TINY, on_progress=lambda *call: calls.append(call))
    assert calls == [(5, 10), (10, 10)]
    assert times(tmp_path).items() >= finished.items()


def test_a_lost_video_is_made_again_as_it_was(tmp_path):
    folder = dataset.write_dataset(tmp_path, **TINY).parent
    before = contents(folder)
    next(path for path in folder.rglob("*.mp4")).unlink()
    dataset.write_dataset(tmp_path, **TINY)
    assert contents(folder) == before


def test_a_failing_encoder_leaves_no_video_under_its_name(tmp_path, monkeypatch):
    def fail(path, frames, **options):
        path.write_bytes(b"half a video")
        raise OSError("no space left on device")

    monkeypatch.setattr(dataset, "write_mp4", fail)
    with pytest.raises(OSError, match="no space"):
        dataset.write_dataset(tmp_path, **TINY)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".mp4", ".csv"}]


def test_other_parameters_replace_the_videos(tmp_path):
    dataset.write_dataset(tmp_path, **TINY)
    rows = read(dataset.write_dataset(tmp_path, **{**TINY, "num_takes": 2}))
    assert {path.name for path in tmp_path.rglob("*.mp4")} == {f"{r['video_id']}.mp4" for r in rows}
    assert len(rows) == 12


def test_a_folder_of_others_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="empty or a new folder"):
        dataset.write_dataset(tmp_path, **TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_workers_out_of_range_are_echoed(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        dataset.write_dataset(tmp_path, workers=0)
