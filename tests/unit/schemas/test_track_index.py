"""Tests of the track index and of the rule that decides which tracks become examples."""

import json

import pytest

from schemas import track_index
from schemas.video_record import VideoRecord

ROW = track_index.TrackRow(
    video_key="set/swap/a/0",
    record_key="set/swap/a",
    split="train",
    num_present=8,
    digest="d",
    is_ambiguous=True,
)


def test_rows_come_back_in_the_order_of_their_keys(tmp_path):
    other = track_index.TrackRow(
        video_key="set/original/b/0",
        record_key="set/original/b",
        split="val",
        num_present=4,
        digest="e",
    )
    track_index.write(str(tmp_path), [ROW, other])
    assert track_index.read(str(tmp_path)) == [other, ROW]


def test_an_index_that_says_nothing_of_ambiguity_is_read(tmp_path):
    named = json.loads(ROW.to_json())
    del named["is_ambiguous"]
    assert not track_index.TrackRow.from_json(json.dumps(named)).is_ambiguous


@pytest.mark.parametrize(
    ("is_fake", "num_tracks", "num_counted", "is_ambiguous"),
    [
        (False, 1, 1, False),
        (False, 3, 3, False),  # everybody in a pristine video is real
        (True, 1, 1, False),
        (True, 3, 1, True),  # nobody says who of them is manipulated
    ],
)
def test_which_tracks_count(is_fake, num_tracks, num_counted, is_ambiguous):
    record = VideoRecord(video_id="a", path="a.mp4", is_fake=is_fake)
    found = track_index.counted(record, num_tracks)
    assert found == (num_counted, is_ambiguous)
