"""Contract of VideoValidator."""

import json

import pytest

from components.video_validator import component, driver, keys

RULES = json.dumps(
    {
        "min_duration_seconds": 0.5,
        "max_duration_seconds": 60,
        "min_fps": 5,
        "max_fps": 120,
        "min_side_pixels": 64,
    }
)
SPLITS = json.dumps({"train": 0.4, "val": 0.2, "calibration": 0.2, "test": 0.2, "seed": 0})


def test_contract_names_types_and_parameters():
    node = component.VideoValidator(manifest_path="videos.csv", rules=RULES, splits=SPLITS)
    assert not node.inputs
    assert {key: channel.type_name for key, channel in node.outputs.items()} == {
        "manifest": "VideoManifest",
        "dead_letters": "DeadLetters",
    }
    assert node.exec_properties[keys.RULES] == RULES
    assert node.exec_properties[keys.VIDEOS_ROOT] == ""
    assert len(node.exec_properties[keys.CODE_FINGERPRINT]) == 64
    assert node.driver_class is driver.Driver


def test_rules_that_are_not_complete_are_refused_at_construction():
    with pytest.raises(TypeError, match="min_fps"):
        component.VideoValidator(manifest_path="v.csv", rules="{}", splits=SPLITS)


def test_splits_that_are_not_complete_are_refused_at_construction():
    with pytest.raises(TypeError, match="train"):
        component.VideoValidator(manifest_path="v.csv", rules=RULES, splits="{}")
