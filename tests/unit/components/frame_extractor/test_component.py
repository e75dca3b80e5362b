"""The contract of FrameExtractor, and what its cache key holds."""

import dataclasses

import pytest
from tfx.types import channel_utils

from components import artifact_types
from components.frame_extractor import component, executor, keys
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig


@pytest.fixture
def make():
    def extractor(**parameters):
        manifest = channel_utils.as_channel([artifact_types.VideoManifest()])
        defaults = {"clip_spec": ClipSpec(), "face_config": FaceConfig(), "timeout_seconds": 60}
        return component.FrameExtractor(manifest=manifest, **{**defaults, **parameters})

    return extractor


def test_contract_names_types_and_parameters(make):
    extractor = make()
    assert {k: c.type_name for k, c in extractor.inputs.items()} == {"manifest": "VideoManifest"}
    assert {k: c.type_name for k, c in extractor.outputs.items()} == {
        "examples": "Examples",
        "dead_letters": "DeadLetters",
    }
    properties = extractor.exec_properties
    assert properties[keys.CLIP_SPEC] == ClipSpec().to_json()
    assert properties[keys.FACE_CONFIG] == FaceConfig().to_json()
    assert properties[keys.TIMEOUT_SECONDS] == 60.0
    assert len(properties[keys.PREPROCESSING]) == len(properties[keys.CODE_FINGERPRINT]) == 64
    assert set(properties) == set(component.FrameExtractorSpec.PARAMETERS)
    assert extractor.executor_spec.executor_class is executor.Executor


def test_geometry_and_detection_change_the_preprocessing_hash(make):
    hashes = {
        make(**changed).exec_properties[keys.PREPROCESSING]
        for changed in (
            {},
            {"clip_spec": dataclasses.replace(ClipSpec(), margin=1.4)},
            {"face_config": dataclasses.replace(FaceConfig(), min_score=0.6)},
        )
    }
    assert len(hashes) == 3
    assert make(timeout_seconds=5).exec_properties[keys.PREPROCESSING] in hashes
