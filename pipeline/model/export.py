"""The SavedModel: the signatures of `schemas.signatures`, and two JSON files beside them."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from pipeline.model.decoding import decode_crops
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS
from schemas import features, signatures
from schemas.clip_spec import ClipSpec

Transform = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answers:
    """Constants that travel with every answer.

    Attributes:
      temperature: Divides the track logit.
      thresholds: Probabilities at 1 % and 5 % false positives.
      preprocessing_hash: Preprocessing hash of the examples that the model was trained on.
    """

    temperature: float
    thresholds: tuple[float, ...]
    preprocessing_hash: str


class ScoringModule(tf.Module):
    """A trained detector as a server sees it.

    N, the frames of a track, may be any multiple of T: K is N / T of the request.

    Args:
      model: See `detector.Detector.model`; float32.
      clip: Geometry of its inputs.
      answers: Constants that every answer carries.
      transform: Turns serialized examples [B] into transformed features; kept as an attribute,
        so that the tables it owns are exported.
    """

    def __init__(
        self, model: keras.Model, clip: ClipSpec, answers: Answers, transform: Transform
    ) -> None:
        super().__init__()
        self.model = model
        self.transform = transform
        self._clip = clip
        self._answers = answers

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, name=features.TRACK_FRAMES),
            tf.TensorSpec([None, None], tf.int64, name=features.FRAME_PRESENT),
        ],
        autograph=False,
    )
    def serve_tracks(self, jpegs: tf.Tensor, present: tf.Tensor) -> dict[str, tf.Tensor]:
        """Scores tracks given as JPEG crops [B, N] and masks [B, N]."""
        return self._score(jpegs, present)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)],
        autograph=False,
    )
    def serve_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Scores serialized track examples [B]; shorter tracks are filled up with absent frames."""
        spec = {
            features.TRACK_FRAMES: tf.io.FixedLenSequenceFeature([], tf.string, True),
            features.FRAME_PRESENT: tf.io.FixedLenSequenceFeature([], tf.int64, True),
        }
        parsed = tf.io.parse_example(examples, spec)
        return self._score(parsed[features.TRACK_FRAMES], parsed[features.FRAME_PRESENT])

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name=signatures.EXAMPLES)],
        autograph=False,
    )
    def transform_features(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Transformed features of serialized examples [B]."""
        return dict(self.transform(examples))

    def _score(self, jpegs: tf.Tensor, present: tf.Tensor) -> dict[str, tf.Tensor]:
        num_frames, side = self._clip.num_frames, self._clip.crop_size
        shape = tf.shape(jpegs)
        message = f"{features.TRACK_FRAMES} and {features.FRAME_PRESENT} must have equal shapes "
        message += f"[B, N], N a positive multiple of {num_frames}"
        fits = tf.reduce_all(shape == tf.shape(present)) & (shape[1] % num_frames == 0)
        tf.debugging.Assert(fits & (shape[1] > 0), [message, shape, tf.shape(present)])
        num_clips = shape[1] // num_frames
        mask = tf.cast(tf.reshape(present, (-1, num_frames)) > 0, tf.float32)
        crops = decode_crops(tf.reshape(jpegs, [-1]), side)
        frames = tf.reshape(crops, (-1, num_frames, side, side, 3))
        logits = self.model((frames, mask), training=False)
        by_clip = tf.reshape(logits[CLIP_LOGIT], (-1, num_clips)) / self._answers.temperature
        by_frame = tf.reshape(logits[FRAME_LOGITS], shape) / self._answers.temperature
        has_face = tf.reshape(tf.reduce_max(mask, axis=1), (-1, num_clips))
        track = tf.reduce_sum(by_clip * has_face, 1) / tf.maximum(tf.reduce_sum(has_face, 1), 1)
        return {
            signatures.SCORE: tf.sigmoid(track),
            signatures.LOGIT: track,
            signatures.CLIP_SCORES: tf.sigmoid(by_clip),
            signatures.FRAME_SCORES: tf.sigmoid(by_frame),
            signatures.THRESHOLDS: tf.tile([self._answers.thresholds], (shape[0], 1)),
            signatures.HASH: tf.fill([shape[0]], self._answers.preprocessing_hash),
        }


def save(
    module: ScoringModule,
    folder: pathlib.Path,
    *,
    record: Mapping[str, Any],
    reference: Mapping[str, float],
) -> None:
    """Writes the SavedModel; it loads where nothing but TensorFlow is installed.

    Args:
      module: Module to export.
      folder: Folder of the SavedModel.
      record: For `detector.json`; see `schemas.signatures.DETECTOR_FILE`.
      reference: Score by video key, computed before the export, for `reference.json`.
    """
    tf.saved_model.save(
        module,
        str(folder),
        signatures={
            signatures.SERVING_DEFAULT: module.serve_tracks,
            signatures.SERVING_EXAMPLES: module.serve_examples,
            signatures.TRANSFORM_FEATURES: module.transform_features,
        },
    )
    extra = folder / signatures.EXTRA_ASSETS
    extra.mkdir(exist_ok=True)
    for name, values in (
        (signatures.DETECTOR_FILE, record),
        (signatures.REFERENCE_FILE, reference),
    ):
        text = json.dumps(values, indent=1, sort_keys=True)
        (extra / name).write_text(text + "\n", encoding="utf-8")
