"""Which videos are shown, in which order, and what their cards say."""

import dataclasses
import hashlib
import math
import shlex

import pytest

from pipeline.dashboards import errors_page
from pipeline.dashboards.frames import Crop, FaceTrack
from pipeline.evaluation.curves import WorstVideo


def video(score, *, is_fake=True, key=None):
    return errors_page.Case(record_key=key or f"d/m/{score}", is_fake=is_fake, score=score)


def scores(found):
    return [case.score for case in found]


def test_an_evaluation_knows_videos_by_their_digest_only():
    worst = [
        WorstVideo(record_sha256=hashlib.sha256(b"d/m/a").hexdigest(), is_fake=True, score=0.1),
        WorstVideo(record_sha256=hashlib.sha256(b"d/m/b").hexdigest(), is_fake=True, score=0.2),
    ]
    [found] = errors_page.known(worst, ["d/m/b", "d/m/c"])
    assert found == errors_page.Case(record_key="d/m/b", is_fake=True, score=0.2)


def test_the_worst_come_first_and_right_answers_are_left_out():
    worst = [video(score) for score in (0.4, 0.1, 0.3, 0.2, 0.9)]
    assert scores(errors_page.select(worst, is_fake=True)) == [0.1, 0.2, 0.3, 0.4]


def test_classes_are_kept_apart():
    worst = [video(0.1), video(0.9, is_fake=False), video(0.2, is_fake=False)]
    found = errors_page.select(worst, is_fake=False)
    assert scores(found) == [0.9, 0.2]
    assert [case.is_error for case in found] == [True, False]


def test_few_errors_are_filled_up_with_the_least_certain_right_answers():
    worst = [video(score) for score in (0.99, 0.3, 0.6, 0.8, 0.7, 0.95)]
    found = errors_page.select(worst, is_fake=True)
    assert scores(found) == [0.3, 0.6, 0.7, 0.8]
    assert errors_page.count_errors(found) == 1


def test_no_more_than_a_sheet_is_shown():
    worst = [video(number / 100) for number in range(40)]
    assert scores(errors_page.select(worst, is_fake=True)) == [
        n / 100 for n in range(errors_page.MAX_CASES)
    ]


def test_a_score_at_the_threshold_is_called_real():
    """As everywhere in the evaluation: fake above 0.5, not from it on."""
    [fake] = errors_page.select([video(0.5)], is_fake=True)
    [real] = errors_page.select([video(0.5, is_fake=False)], is_fake=False)
    assert (fake.is_error, real.is_error) == (True, False)


def test_a_score_that_is_no_number_is_no_case():
    assert errors_page.select([video(math.nan, key="d/m/x")], is_fake=True) == []


@pytest.mark.parametrize(
    ("score", "is_fake", "expected"),
    [(0.5, True, 0.6931), (0.9, True, 0.1054), (0.9, False, 2.3026), (0.0, True, 16.1181)],
)
def test_log_loss_is_in_nats_and_stays_finite(score, is_fake, expected):
    found = errors_page.Case(record_key="d/m/x", is_fake=is_fake, score=score)
    assert found.log_loss == pytest.approx(expected, abs=1e-4)


@pytest.fixture
def record(recorded):
    return recorded.records()[-1]


def track(record):
    return FaceTrack(
        record_key=record.key,
        split="test",
        slices={},
        face_pixels=117.6,
        num_present=20,
        num_frames=32,
        crops=(Crop(href="frames/a.jpg", seconds=0.5),),
    )


def test_a_card_says_what_the_video_is_and_what_it_was_called(record, tmp_path):
    wrong = errors_page.Case(record_key=record.key, is_fake=True, score=0.25)
    card = errors_page.card(wrong, record, track(record), tmp_path)
    assert (card.verdict, card.tone) == ("fake, called real", "bad")
    facts = dict(card.facts)
    assert facts["Score"].startswith("0.250")
    assert facts["Log loss"] == "1.39"
    assert facts["File"] == record.path
    assert facts["Method"] == "swap"
    assert facts["Video"] == "640 x 480 pixels, 25 frames per second, 90.0 s"
    assert facts["Face"] == "118 pixels, found in 20 of 32 frames"


def test_a_right_answer_is_not_called_an_error(record, tmp_path):
    right = errors_page.Case(record_key=record.key, is_fake=False, score=0.45)
    card = errors_page.card(right, record, None, tmp_path)
    assert (card.verdict, card.tone) == (
        "real, called real: right, among the least certain",
        "warn",
    )
    assert card.crops == ()
    assert "Face" not in dict(card.facts)


def test_the_command_survives_any_name(record, tmp_path):
    hostile = dataclasses.replace(record, video_id="a $(reboot) 'b\" c")
    case = errors_page.Case(record_key=hostile.key, is_fake=True, score=0.1)
    command = errors_page.card(case, hostile, None, tmp_path / "with space").command
    assert shlex.split(command) == [
        *("deepfake", "lineage", "trains-on", hostile.key),
        *("--output", str(tmp_path / "with space")),
    ]
