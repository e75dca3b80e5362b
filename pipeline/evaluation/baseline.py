"""Which earlier model a candidate is compared with: the latest blessed one that can be."""

import json
from typing import Final

from tfx import types
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.utils import path_utils

from components import artifact_files
from schemas import erased, signatures
from schemas.clip_spec import ClipSpec

CLIP_SPEC: Final = "clip_spec"  # key of the strategy's configuration in the graph


class LatestComparableModelStrategy(LatestBlessedModelStrategy):
    """The latest blessed model whose input has the shape that the candidate's has, untainted.

    A model of another clip length or crop size cannot read the examples: with TFX's own strategy
    such a baseline would fail the Evaluator instead of being left out. A tainted model was trained
    on a video that has been erased since: nothing new is measured against it.
    """

    def __init__(self, clip_spec: str) -> None:
        """Takes the JSON of the candidate's ClipSpec."""
        self._shape = _shape(ClipSpec.from_json(clip_spec))

    def _resolve(
        self,
        input_dict: dict[str, list[types.Artifact]],
        model_channel_key: str,
        model_blessing_channel_key: str,
    ) -> dict[str, list[types.Artifact]]:
        models = [m for m in input_dict[model_channel_key] if self._is_comparable(m)]
        return super()._resolve(
            {**input_dict, model_channel_key: models}, model_channel_key, model_blessing_channel_key
        )

    def _is_comparable(self, model: types.Artifact) -> bool:
        if model.get_int_custom_property(erased.TAINTED):
            return False
        uri = str(artifact_files.local_folder(model.uri))
        folder = artifact_files.local_folder(path_utils.serving_model_path(uri))
        facts = folder / signatures.EXTRA_ASSETS / signatures.DETECTOR_FILE
        if not facts.exists():  # the files of an old model were cleaned away
            return False
        spec = json.loads(facts.read_text(encoding="utf-8"))[signatures.DETECTOR_CLIP]
        return _shape(ClipSpec(**spec)) == self._shape


def _shape(clip: ClipSpec) -> tuple[int, int]:
    return clip.num_frames, clip.crop_size
