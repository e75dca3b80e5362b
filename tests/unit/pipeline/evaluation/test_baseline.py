"""The baseline is the latest blessed model that can read the candidate's examples."""

import dataclasses
import json
import pathlib

import pytest
from tfx.types import standard_artifacts

from pipeline.evaluation import baseline
from schemas import erased, signatures
from schemas.clip_spec import ClipSpec

CLIP = ClipSpec(num_frames=8, crop_size=64)


def _model(
    folder: pathlib.Path, identifier: int, clip: ClipSpec | None
) -> standard_artifacts.Model:
    model = standard_artifacts.Model()
    model.uri, model.id = str(folder / str(identifier)), identifier
    extra = folder / str(identifier) / "Format-Serving" / signatures.EXTRA_ASSETS
    if clip is not None:
        extra.mkdir(parents=True)
        facts = {signatures.DETECTOR_CLIP: dataclasses.asdict(clip)}
        (extra / signatures.DETECTOR_FILE).write_text(json.dumps(facts))
    return model


def _blessing(model: standard_artifacts.Model, blessed: int) -> standard_artifacts.ModelBlessing:
    blessing = standard_artifacts.ModelBlessing()
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_int_custom_property("blessed", blessed)
    return blessing


def _resolve(models: list, blessed: list[int]) -> list[int]:
    strategy = baseline.LatestComparableModelStrategy(CLIP.to_json())
    blessings = [_blessing(model, value) for model, value in zip(models, blessed, strict=True)]
    found = strategy._resolve({"model": models, "b": blessings}, "model", "b")
    return [model.id for model in found["model"]]


def test_the_latest_blessed_model_is_the_baseline(tmp_path):
    models = [_model(tmp_path, number, CLIP) for number in (1, 2, 3)]
    assert _resolve(models, [1, 1, 0]) == [2]


@pytest.mark.parametrize("changed", [{"num_frames": 16}, {"crop_size": 96}])
def test_a_model_of_another_input_shape_is_passed_over(tmp_path, changed):
    models = [_model(tmp_path, 1, CLIP), _model(tmp_path, 2, dataclasses.replace(CLIP, **changed))]
    assert _resolve(models, [1, 1]) == [1]


def test_a_model_that_was_trained_on_erased_videos_is_no_baseline(tmp_path):
    models = [_model(tmp_path, number, CLIP) for number in (1, 2)]
    models[1].set_int_custom_property(erased.TAINTED, 1)
    assert _resolve(models, [1, 1]) == [1]


def test_a_change_that_keeps_the_shape_stays_comparable(tmp_path):
    assert _resolve([_model(tmp_path, 1, dataclasses.replace(CLIP, num_clips=9))], [1]) == [1]


def test_a_model_whose_files_are_gone_is_no_baseline(tmp_path):
    assert _resolve([_model(tmp_path, 1, None)], [1]) == []
