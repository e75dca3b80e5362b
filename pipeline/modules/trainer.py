"""Trainer's entry point: translates what TFX hands over; the work is in `pipeline.model`."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components import artifact_files, fingerprint
from pipeline.config.sections import TrainingConfig
from pipeline.model import recipe
from schemas import features
from schemas.clip_spec import ClipSpec
from schemas.taxonomy import Split

# Of N values each; the signature answers with what Transform derives, and that needs none of them.
_PER_FRAME: Final = frozenset((*features.MODEL_KEYS, features.FRAME_TIMES))
_UNKNOWN: Final = {tf.int64: -1, tf.float32: 0.0, tf.string: ""}


# Keys of custom_config.
TRAINING: Final = "training"  # TrainingConfig, as JSON or as a mapping
CLIP: Final = "clip"  # ClipSpec, as JSON
CODE_FINGERPRINT: Final = fingerprint.PARAMETER
WORK_DIR: Final = "work_dir"  # of checkpoints; TFX removes the outputs of a failed execution


class ExampleTransform(tf.Module):
    """Serialized track examples to their transformed features, frames left out.

    Call: examples [B] string to tensors [B, 1] by key. What an unlabelled example lacks comes out
    as -1, 0 or the empty string.

    Args:
      output: What the Transform component wrote.
    """

    def __init__(self, output: tft.TFTransformOutput) -> None:
        super().__init__()
        self._layer = output.transform_features_layer()  # tracked: it owns the vocabularies
        self._spec = {
            key: tf.io.FixedLenFeature(spec.shape, spec.dtype, _default(spec))
            for key, spec in output.raw_feature_spec().items()
            if key not in _PER_FRAME
        }

    def __call__(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(self._layer(tf.io.parse_example(examples, self._spec)))


def _default(spec: tf.io.FixedLenFeature) -> list[Any]:
    return [_UNKNOWN[spec.dtype]] * spec.shape[0]


def run_fn(fn_args: FnArgs) -> None:
    """Trains, calibrates and exports; TFX calls it by its dotted path.

    `custom_config` holds TRAINING, CLIP, CODE_FINGERPRINT and WORK_DIR. `train_files` are of the
    split train, `eval_files` of val and calibration, told apart by their `Split-<name>` folder.

    Raises:
      DeepfakeError: The data does not allow a training, for example `missing_class`.
    """
    custom = fn_args.custom_config
    recipe.make_model(
        _training_config(custom[TRAINING]),
        ClipSpec.from_json(custom[CLIP]),
        {
            Split.TRAIN: fn_args.train_files,
            Split.VAL: _of_split(fn_args.eval_files, Split.VAL),
            Split.CALIBRATION: _of_split(fn_args.eval_files, Split.CALIBRATION),
        },
        transform=ExampleTransform(tft.TFTransformOutput(fn_args.transform_output)),
        code_fingerprint=custom[CODE_FINGERPRINT],
        work_dir=artifact_files.local_folder(custom[WORK_DIR]),
        run_dir=artifact_files.local_folder(fn_args.model_run_dir),
        model_dir=artifact_files.output_folder(fn_args.serving_model_dir),
    )


def _training_config(value: str | Mapping[str, Any]) -> TrainingConfig:
    if isinstance(value, str):
        return TrainingConfig.from_json(value)
    return TrainingConfig(**value)


def _of_split(patterns: Sequence[str], split: Split) -> list[str]:
    folder = f"Split-{split.value}"
    return [pattern for pattern in patterns if folder in pathlib.PurePath(pattern).parts]
