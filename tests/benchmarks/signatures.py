"""The exported model: tracks sent in batches of eight against one at a time."""

import pathlib
from typing import Final

import numpy as np
import tensorflow as tf
from measuring import CPU, WALL, Outcome, Way, compare
from numpy.typing import NDArray
from skimage import data

from components.video import crops as video_crops
from pipeline.config.sections import TrainingConfig
from pipeline.model import detector, export
from schemas import features
from schemas import signatures as names
from schemas.clip_spec import ClipSpec

NUM_TRACKS: Final = 16
BATCH: Final = 8
CLIP: Final = ClipSpec()
CONFIG: Final = TrainingConfig(encoder="small_cnn")
Scores = NDArray[np.float32]
Signature = tf.types.experimental.ConcreteFunction


def run(folder: pathlib.Path) -> Outcome:
    """Measures `serving_default` of an untrained small model, exported and loaded again."""
    _export(folder / "model")
    loaded = tf.saved_model.load(str(folder / "model"))
    signature = loaded.signatures[names.SERVING_DEFAULT]
    tracks = _tracks()
    batched = Way(f"batches of {BATCH}", lambda: _score(signature, tracks, BATCH))
    single = Way("one track at a time", lambda: _score(signature, tracks, 1))
    sizes: dict[str, int | float | str] = {
        "tracks": NUM_TRACKS,
        "frames_per_track": CLIP.total_frames,
        "crop_size": CLIP.crop_size,
        "encoder": CONFIG.encoder,
    }
    figures = [
        compare(f"batched_{clock}", batched, single, agree=_agree, clock=clock, pairs=9)
        for clock in (CPU, WALL)
    ]
    return Outcome(sizes, figures)


def _export(folder: pathlib.Path) -> None:
    keras_model = detector.build_detector(CONFIG, CLIP).model
    answers = export.Answers(temperature=1.0, thresholds=(0.9, 0.6), preprocessing_hash="")

    def transform(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {features.transformed(features.SOURCE_FPS): tf.zeros([tf.shape(examples)[0], 1])}

    module = export.ScoringModule(keras_model, CLIP, answers, transform)
    export.save(module, folder, record={}, reference={})


def _tracks() -> tf.Tensor:
    """[B, N] JPEG crops: windows that move over a portrait."""
    portrait, side = data.astronaut(), CLIP.crop_size
    corners = np.random.default_rng(0).integers(
        0, len(portrait) - side, (NUM_TRACKS, CLIP.total_frames, 2)
    )
    return tf.constant(
        [
            [
                video_crops.encode_jpeg(portrait[y : y + side, x : x + side], CLIP.jpeg_quality)
                for x, y in track
            ]
            for track in corners
        ]
    )


def _score(signature: Signature, tracks: tf.Tensor, batch: int) -> Scores:
    scores = []
    for start in range(0, NUM_TRACKS, batch):
        crops = tracks[start : start + batch]
        present = tf.ones(crops.shape, tf.int64)
        inputs = {features.TRACK_FRAMES: crops, features.FRAME_PRESENT: present}
        scores.append(signature(**inputs)[names.SCORE].numpy())
    return np.concatenate(scores)


def _agree(found: Scores, expected: Scores) -> bool:
    return np.allclose(found, expected, atol=1e-5)
