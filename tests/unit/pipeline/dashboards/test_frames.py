"""Face crops: which frames of which track, where they go, and who is never shown."""

import io

import numpy as np
import pytest
from coded import raises_code
from PIL import Image

from pipeline.dashboards import frames
from pipeline.dashboards import sources as outputs
from schemas import erased, features, files

FAKE, REAL = "lab/swap/p6_fake", "lab/original/p6"


@pytest.fixture
def run(recorded, written, tmp_path):
    return recorded.run_of(tmp_path, written)


def shade_of(path):
    return float(np.asarray(Image.open(io.BytesIO(path.read_bytes()))).mean())


def erase(run, kind, name):
    key = erased.ErasedKey(kind=kind, sha256=erased.digest(name), erased_at="2026-01-03")
    erased.add(run.output / erased.FILE_NAME, key)


@pytest.mark.parametrize(
    ("numbers", "count", "expected"),
    [
        ([], 1, []),
        ([], 3, []),
        ([5, 6, 7], 1, [6]),
        ([5, 6, 7], 3, [5, 6, 7]),
        ([5, 6], 8, [5, 6]),
        (list(range(10)), 4, [0, 3, 6, 9]),
        (list(range(32)), 8, [0, 4, 9, 13, 18, 22, 27, 31]),
    ],
)
def test_crops_are_spread_evenly_with_both_ends(numbers, count, expected):
    assert frames.evenly(numbers, count) == expected


def test_crops_are_the_frames_that_show_the_face_in_the_order_of_time(run, recorded):
    found = frames.write(run, [FAKE, REAL], per_video=4)
    assert [crop.seconds for crop in found[FAKE].crops] == [0.0, 0.5, 1.0, 1.5]
    assert [crop.seconds for crop in found[REAL].crops] == [0.0, 1.0]  # without the fillers
    pages = run.site.run(run.run_id)
    shades = [shade_of(pages / crop.href) for crop in found[REAL].crops]
    assert shades == pytest.approx([recorded.SHADES[0], recorded.SHADES[2]], abs=3)


def test_what_is_said_of_a_track_is_what_the_example_says(run):
    track = frames.write(run, [FAKE], per_video=1)[FAKE]
    assert (track.record_key, track.split, track.num_present, track.num_frames) == (
        FAKE,
        "test",
        4,
        4,
    )
    assert track.face_pixels == 160.0
    assert track.slices[features.FACE_SIZE_BUCKET] == "medium"
    assert track.slices[features.COMPRESSION_LEVEL] == "c40"
    assert [crop.seconds for crop in track.crops] == [1.0]  # the middle one


def test_of_several_tracks_the_one_with_the_most_frames_is_shown(run):
    assert frames.main_tracks(run)[REAL].video_key == f"{REAL}/0"


def test_files_are_found_again_by_the_key_of_the_video_and_hold_no_name(run):
    frames.write(run, [FAKE, REAL], per_video=2)
    assert len(list(run.site.frames_of(FAKE))) == 2
    names = [path.name for path in (run.site.run(run.run_id) / "frames").iterdir()]
    assert len(names) == 4
    assert not [name for name in names if "p6" in name]


def test_an_erased_video_is_not_written_again(run):
    erase(run, erased.VIDEO, FAKE)
    assert set(frames.write(run, [FAKE, REAL], per_video=1)) == {REAL}
    assert list(run.site.frames_of(FAKE)) == []


def test_videos_of_an_erased_person_are_not_written_again(run):
    erase(run, erased.IDENTITY, "lab/person6")
    assert frames.write(run, [FAKE, REAL], per_video=1) == {}
    assert FAKE not in frames.showable(run)


def test_without_a_manifest_nobody_is_shown(recorded, written, tmp_path):
    rest = {name: found for name, found in written.items() if name != outputs.MANIFEST}
    assert frames.write(recorded.run_of(tmp_path, rest), [FAKE], per_video=1) == {}


def test_without_examples_there_are_no_crops(recorded, written, tmp_path):
    rest = {name: found for name, found in written.items() if name != outputs.EXAMPLES}
    run = recorded.run_of(tmp_path, rest)
    assert frames.write(run, [FAKE], per_video=1) == {}
    assert not run.site.path.exists()


def test_reading_ends_with_the_last_video_that_is_asked_for(recorded, tmp_path):
    """A torn file after the chosen video is never reached: it would raise."""
    artifacts = recorded.write_data(tmp_path / "artifacts")
    run = recorded.run_of(tmp_path, artifacts)
    split = run.files(outputs.EXAMPLES) / "Split-test"
    (split / "tracks-00001-of-00002.gz").write_bytes(b"torn")
    assert set(frames.write(run, [REAL], per_video=1)) == {REAL}


def test_torn_examples_are_told_with_what_to_do(recorded, tmp_path):
    artifacts = recorded.write_data(tmp_path / "artifacts")
    run = recorded.run_of(tmp_path, artifacts)
    for shard in (run.files(outputs.EXAMPLES) / "Split-test").iterdir():
        shard.write_bytes(shard.read_bytes()[:-20])
    with raises_code("unreadable_examples", match="run FrameExtractor again"):
        frames.write(run, frames.main_tracks(run), per_video=1)


def test_crops_of_a_video_that_is_erased_while_they_are_written_are_removed(run, monkeypatch):
    put = files.write

    def put_and_erase(path, data):
        put(path, data)
        monkeypatch.undo()  # the list of erased keys is written the same way
        erase(run, erased.VIDEO, FAKE)

    monkeypatch.setattr(files, "write", put_and_erase)
    assert set(frames.write(run, [FAKE, REAL], per_video=2)) == {REAL}
    assert list(run.site.frames_of(FAKE)) == []
