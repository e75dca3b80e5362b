"""Tests of splits.json and of the overview of dead letters."""

import dataclasses

from components.video_validator import executor
from schemas.dead_letter import DeadLetter


def test_counts_and_warnings_per_split(video):
    records = [
        dataclasses.replace(record, split=split, component_id=record.video_id)
        for record, split in [
            (video("a", target_identity="ann"), "train"),
            (video("b", fake=True, target_identity="bob", source_identity="eve"), "train"),
            (video("c"), "val"),
        ]
    ]
    found = executor.summary_of(records)
    assert found["splits"]["train"] == {
        "videos": 2,
        "by_class": {"real": 1, "fake": 1},
        "by_method": {"original": 1, "swap": 1},
        "components": 2,
        "identities": 3,
    }
    assert found["splits"]["test"]["videos"] == 0
    assert "1 of 3 videos name no target identity" in found["warnings"][0]
    assert "manipulation method swap is not in val, calibration, test" in found["warnings"]


def test_the_overview_counts_all_letters_and_shows_the_first():
    letters = [
        DeadLetter(record_key=f"k{n}", code="too_short", message="lasts 0.1 s") for n in range(12)
    ]
    text = executor.summary_of_letters(letters, num_rows=20)
    assert text.startswith("12 of 20 rows left out (too_short 12): k0: too_short, lasts 0.1 s")
    assert "k9" in text
    assert "k10" not in text
    assert executor.summary_of_letters([], num_rows=3) == "0 of 3 rows left out (none)"
