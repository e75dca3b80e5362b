"""Tests of probing in Beam."""

import json
import logging
import pathlib

import apache_beam as beam
import pytest
from apache_beam.testing import test_pipeline, util

from components.video import probe
from components.video_validator import transforms
from components.video_validator.rows import Candidate
from components.video_validator.settings import VideoRules
from schemas import progress
from schemas.video_record import VideoRecord

RULES = VideoRules(
    min_duration_seconds=0.5,
    max_duration_seconds=60,
    min_fps=5,
    max_fps=120,
    min_side_pixels=64,
)


def candidate(path, sha256=""):
    record = VideoRecord(video_id=path.stem, path=str(path), is_fake=False)
    return Candidate(record=record, row=1, written_path=path.name, sha256=sha256)


def run(candidates, check=lambda records, letters: None, prober=probe.probe):
    pipeline = test_pipeline.TestPipeline()
    records, letters = transforms.probe_videos(
        pipeline | beam.Create(candidates), prober, RULES, len(candidates)
    )
    check(records, letters)
    result = pipeline.run()
    result.wait_until_finish()
    counters = result.metrics().query()["counters"]
    return {
        counter.key.metric.name: counter.committed
        for counter in counters
        if counter.key.metric.namespace == transforms.NAMESPACE
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_video):
    """One good video and one for each way to be rejected."""
    folder = tmp_path_factory.mktemp("videos")
    good = make_video(folder / "good.mp4")
    make_video(folder / "short.mp4", num_frames=2)
    make_video(folder / "small.mp4", side=32)
    make_video(folder / "slow.mp4", fps=2)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_bytes(b"this is no video at all" * 100)
    (folder / "torn.mp4").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    return folder


def test_a_good_video_gets_the_facts_of_its_file(folder):
    def check(records, letters):
        facts = records | beam.Map(lambda r: (r.codec, r.num_frames, r.fps, r.width, len(r.digest)))
        util.assert_that(facts, util.equal_to([("h264", 10, 10.0, 64, 64)]))

    counters = run([candidate(folder / "good.mp4")], check)
    assert counters == {"videos_read": 1, "videos_accepted": 1}


def test_bad_videos_are_dead_lettered_with_their_codes(folder, caplog):
    expected = {
        "short": "too_short",
        "small": "too_small",
        "slow": "frame_rate_out_of_range",
        "empty": "undecodable",
        "text": "undecodable",
        "torn": "truncated",
    }

    def check(records, letters):
        codes = letters | beam.Map(lambda x: (pathlib.Path(x.path).stem, x.code))
        util.assert_that(codes, util.equal_to(list(expected.items())), label="codes")
        kept = records | beam.Map(lambda record: record.video_id)
        util.assert_that(kept, util.equal_to(["good"]), label="kept")

    names = ["good", *expected]
    with caplog.at_level(logging.INFO, logger=progress.LOGGER_NAME):
        counters = run([candidate(folder / f"{name}.mp4") for name in names], check)
    assert counters["videos_rejected"] == 6
    assert counters["videos_rejected_undecodable"] == 2
    reports = [json.loads(r.getMessage()) for r in caplog.records if r.name == progress.LOGGER_NAME]
    assert reports[-1] == {"videos_done": 7, "videos_total": 7, "videos_rejected": 6}


def test_a_file_that_is_not_the_promised_one_is_invalid(folder):
    path = folder / "good.mp4"
    digest = probe.probe(path).digest

    def check(records, letters):
        messages = letters | beam.Map(lambda letter: (letter.code, digest in letter.message))
        util.assert_that(messages, util.equal_to([("invalid_row", True)]))

    counters = run([candidate(path, sha256="0" * 64)], check)
    assert counters["videos_rejected_invalid_row"] == 1
    assert run([candidate(path, sha256=digest)])["videos_accepted"] == 1


def broken_probe(path):
    raise KeyError("a bug, not a bad video")


def test_a_bug_fails_the_pipeline(folder):
    with pytest.raises(Exception, match="a bug"):  # Beam wraps it
        run([candidate(folder / "good.mp4")], prober=broken_probe)
