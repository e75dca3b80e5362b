"""The Beam transforms: counters, one outcome for each video, shards by key."""

import apache_beam as beam
import pytest
from apache_beam.testing import test_pipeline, util
from coded import raises_code

from components.frame_extractor import executor, transforms
from schemas import track_index
from schemas.dead_letter import DeadLetter
from schemas.face_config import FaceConfig


@pytest.fixture
def counters(spec, tmp_path):
    """Extracts records; returns the counters of the namespace."""

    def extract(records):
        settings = transforms.ExtractSettings(spec, FaceConfig(), "hash", 60.0, 2, len(records))
        pipeline = beam.Pipeline()
        transforms.extract(pipeline, executor.assign_shards(records), str(tmp_path), settings)
        result = pipeline.run()
        result.wait_until_finish()
        in_namespace = beam.metrics.MetricsFilter().with_namespace("frame_extractor")
        found = result.metrics().query(in_namespace)["counters"]
        return {counter.key.metric.name: counter.committed for counter in found}

    return extract


def test_counters(counters, make_record):
    found = counters(
        [
            make_record("one"),
            make_record("two"),
            make_record("two", is_fake=True, manipulation_method="swap"),
            make_record("none"),
            make_record("broken"),
        ]
    )
    assert found == {
        "videos_read": 5,
        "tracks_written": 4,
        "tracks_not_counted": 1,
        "videos_ambiguous": 1,
        "videos_rejected": 2,
        "videos_rejected_no_face": 1,
        "videos_rejected_undecodable": 1,
    }


def test_what_is_extracted_does_not_depend_on_the_label(spec, make_record):
    settings = transforms.ExtractSettings(spec, FaceConfig(), "hash", 60.0, 1, 2)
    pair = [make_record("two", is_fake=is_fake) for is_fake in (False, True)]
    with test_pipeline.TestPipeline() as pipeline:
        extracted = (
            pipeline
            | beam.Create([transforms.Work(str(record.is_fake), record) for record in pair])
            | beam.ParDo(transforms.ExtractTracksFn(settings))
            | beam.Map(
                lambda found: [
                    (track.index, track.frames, track.boxes.tolist()) for track in found.tracks
                ]
            )
        )

        def check(found):
            first, second = found
            assert len(first) == 2
            assert first == second

        util.assert_that(extracted, check)


def row(record, track=0):
    return track_index.TrackRow(
        video_key=f"{record.key}/{track}",
        record_key=record.key,
        split=record.split,
        num_present=8,
        digest="",
    )


def letter(record):
    return DeadLetter(record_key=record.key, code="no_face", message="none")


def test_lost_videos_and_repeated_tracks_are_noticed(make_record):
    one, two = make_record("one"), make_record("two")
    executor.check([one, two], [row(one), row(one, 1)], [letter(two)])
    with raises_code("beam_results_lost", match="such as made/original/two"):
        executor.check([one, two], [row(one)], [])
    with raises_code("beam_results_lost", match="twice"):
        executor.check([one, two], [row(one), row(one)], [letter(two)])


def test_shards_hold_ascending_ranges_of_keys(make_record, monkeypatch):
    monkeypatch.setattr(executor, "VIDEOS_PER_SHARD", 2)
    names = ("b", "b-2", "a", "c", "d")
    records = [make_record("one", video_id=name) for name in names]
    assigned = executor.assign_shards([*records, make_record("one", video_id="z", split="test")])
    assert {file: [record.video_id for record in held] for file, held in assigned.items()} == {
        "Split-train/tracks-00000-of-00003.gz": ["a", "b-2"],  # b-2/0 < b/0
        "Split-train/tracks-00001-of-00003.gz": ["b", "c"],
        "Split-train/tracks-00002-of-00003.gz": ["d"],
        "Split-val/tracks-00000-of-00001.gz": [],
        "Split-calibration/tracks-00000-of-00001.gz": [],
        "Split-test/tracks-00000-of-00001.gz": ["z"],
    }


def test_only_the_in_memory_engine_leaves_all_processors_to_one_instance(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(6)))
    assert executor.num_workers([]) == 6
    assert executor.num_workers(["--runner=DirectRunner", "--direct_running_mode=in_memory"]) == 6
    assert executor.num_workers(["--direct_running_mode=multi_processing"]) == 1
    assert executor.num_workers(["--runner=DataflowRunner"]) == 1
