"""Tests of the blocking rules."""

import dataclasses

import pytest

from components.data_gate import rules
from components.data_gate.facts import Anomaly
from schemas.dead_letter import DeadLetter


def replaced(facts, video_id, **fields):
    """`facts` with one record changed."""
    records = [
        dataclasses.replace(record, **fields) if record.video_id == video_id else record
        for record in facts.records
    ]
    return dataclasses.replace(facts, records=tuple(records))


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
def test_good_data_passes(rule, facts, limits):
    outcome = rule(facts, limits)
    assert outcome.passed
    assert not outcome.offenders


def anomaly(severity, feature="face"):
    return Anomaly(split="train", feature=feature, severity=severity, description="is odd")


def test_an_anomaly_blocks_by_its_severity(facts, limits):
    found = dataclasses.replace(facts, anomalies=(anomaly("WARNING"), anomaly("ERROR")))
    outcome = rules.blocking_anomalies(found, limits)
    assert not outcome.passed
    assert outcome.offenders == ("train: face: ERROR: is odd",)
    both = dataclasses.replace(limits, blocking_severities=("ERROR", "WARNING"))
    assert rules.blocking_anomalies(found, both).value == 2


def test_an_allowed_feature_may_have_anomalies(facts, limits):
    found = dataclasses.replace(facts, anomalies=(anomaly("ERROR"),))
    allowing = dataclasses.replace(limits, allowed_anomalies=("face",))
    assert rules.blocking_anomalies(found, allowing).passed


def test_the_ratio_counts_letters_of_all_rows(facts, limits):
    letter = DeadLetter(record_key="set/swap/a", code="no_face", message="shows no face")
    at_limit = dataclasses.replace(facts, letters=(letter,) * 2)
    assert rules.dead_letter_ratio(at_limit, limits).passed
    above = dataclasses.replace(facts, letters=(letter,) * 3)
    outcome = rules.dead_letter_ratio(above, limits)
    assert (outcome.passed, outcome.value, outcome.limit) == (False, 0.375, 0.25)
    assert "3 of 8 rows were left out (no_face 3)" in outcome.advice
    assert outcome.offenders[0] == "set/swap/a: no_face: shows no face"


def test_a_class_without_examples_is_named_with_its_split(facts, limits):
    tracks = tuple(t for t in facts.tracks if t.record_key != "set/swap/fake-val")
    outcome = rules.videos_per_class(dataclasses.replace(facts, tracks=tracks), limits)
    assert outcome.offenders == ("val: 0 fake videos with examples",)


def test_two_tracks_of_one_video_count_once(facts, limits):
    second = dataclasses.replace(facts.tracks[0], video_key="another")
    found = dataclasses.replace(facts, tracks=(*facts.tracks, second))
    two = dataclasses.replace(limits, min_videos_per_class=2)
    assert len(rules.videos_per_class(found, two).offenders) == 8


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"target_identity": "train"}, "identity set/train is in test"),
        ({"source_identity": "set/val"}, "identity set/val is in test"),
        ({"source_video": "real-train"}, "source video 'real-train' of set is in test"),
        ({"source_video": "set/original/real-val"}, "source video set/original/real-val is in"),
        ({"digest": "real train"}, "file real train is in test"),
        ({"component_id": "train"}, "component train is in test"),
    ],
)
def test_whatever_binds_two_splits_is_leakage(facts, limits, fields, said):
    outcome = rules.leaking_names(replaced(facts, "fake-test", **fields), limits)
    assert not outcome.passed
    assert any(offender.startswith(said) for offender in outcome.offenders), outcome.offenders


def test_two_fakes_of_one_absent_source_leak(facts, limits):
    found = replaced(facts, "fake-test", source_video="gone")
    found = replaced(found, "fake-val", source_video="gone")
    assert rules.leaking_names(found, limits).value == 1


def test_equal_names_of_two_datasets_are_two_people(facts, limits):
    found = replaced(facts, "real-test", target_identity="train", dataset="other")
    assert rules.leaking_names(found, limits).passed


@pytest.mark.parametrize("change", [{"split": "train"}, {"record_key": "set/original/gone"}])
def test_an_example_in_a_foreign_split_or_of_no_video_is_misplaced(facts, limits, change):
    spoilt = dataclasses.replace(facts.tracks[-1], **change)
    found = dataclasses.replace(facts, tracks=(*facts.tracks[:-1], spoilt))
    outcome = rules.misplaced_examples(found, limits)
    assert len(outcome.offenders) == 1
    assert outcome.offenders[0].startswith("set/swap/fake-test/0 is in")


def test_examples_that_were_not_read_are_missed(facts, limits):
    found = dataclasses.replace(facts, num_examples=facts.num_examples | {"val": 1})
    outcome = rules.lost_examples(found, limits)
    assert outcome.offenders == ("val: 2 examples written, 1 read",)


def test_the_message_shows_the_first_offenders_and_counts_the_others(facts, limits):
    many = tuple(anomaly("ERROR", feature=f"f{n}") for n in range(12))
    text = str(rules.blocking_anomalies(dataclasses.replace(facts, anomalies=many), limits))
    assert text.startswith("blocking_anomalies: 12, limit 0. Correct the data")
    assert "f9" in text
    assert "f10" not in text
    assert text.endswith("and 2 more")


def test_erased_rows_are_no_sign_of_bad_data(facts, limits):
    letter = DeadLetter(record_key="row 1", code="erased", message="was erased")
    erased = dataclasses.replace(facts, letters=(letter,) * 3)
    outcome = rules.dead_letter_ratio(erased, limits)
    assert (outcome.passed, outcome.value, outcome.offenders) == (True, 0.0, ())
    lost = DeadLetter(record_key="set/swap/a", code="no_face", message="shows no face")
    mixed = dataclasses.replace(facts, letters=(*erased.letters, lost, lost))
    outcome = rules.dead_letter_ratio(mixed, limits)
    assert (outcome.passed, outcome.value) == (False, 2 / 5)
