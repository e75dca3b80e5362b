"""From the examples of three splits to an exported model: train, calibrate, export."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Final

from pipeline.config.sections import TrainingConfig
from pipeline.model import calibration, export, inputs, resume, selection, training
from pipeline.model.detector import CLIP_LOGIT
from pipeline.model.tracks import Tracks, read_tracks, single_hash
from schemas import scoring, signatures
from schemas.clip_spec import ClipSpec
from schemas.scoring import Float32s
from schemas.taxonomy import Split

_MAX_REFERENCES: Final = 32  # tracks of the selection split, for ServingValidator
_PACKAGES: Final = ("keras", "numpy", "tensorflow")


def make_model(
    config: TrainingConfig,
    clip: ClipSpec,
    patterns: Mapping[Split, Sequence[str]],
    *,
    transform: export.Transform,
    code_fingerprint: str,
    work_dir: pathlib.Path,
    run_dir: pathlib.Path,
    model_dir: pathlib.Path,
) -> None:
    """Makes a SavedModel that answers with calibrated scores.

    Args:
      config: Settings of the training.
      clip: Geometry of the examples.
      patterns: File patterns of the gzipped TFRecords of train, val and calibration.
      transform: See `export.ScoringModule`.
      code_fingerprint: Of the code that trains; part of the record and of `work_dir`'s state.
      work_dir: Keeps the states of unfinished trainings; this one's is removed at the end.
      run_dir: Gets the training curves.
      model_dir: Gets the SavedModel.

    Raises:
      DeepfakeError: The data does not allow a training.
    """
    splits = {
        split: read_tracks(split.value, patterns[split], clip)
        for split in (Split.TRAIN, Split.VAL, Split.CALIBRATION)
    }
    preprocessing_hash = single_hash(splits.values())
    identity = training.identity(config, list(splits.values()), code_fingerprint)
    with resume.claimed(work_dir, identity) as work:
        trained = training.train(
            config, splits[Split.TRAIN], splits[Split.VAL], run_dir=run_dir, work=work
        )
        fitted = _calibrate(trained, splits[Split.CALIBRATION])
        answers = export.Answers(
            temperature=fitted.temperature,
            thresholds=fitted.thresholds,
            preprocessing_hash=preprocessing_hash,
        )
        export.save(
            export.ScoringModule(trained.detector.model, clip, answers, transform),
            model_dir,
            record=_record(config, clip, code_fingerprint, trained, fitted, answers),
            reference=_reference(trained, splits[Split.VAL], fitted.temperature),
        )
        work.clear()


def _calibrate(trained: training.Trained, tracks: Tracks) -> calibration.Calibration:
    logits = _track_logits(trained, tracks)
    return calibration.calibrate(*scoring.by_video(logits, tracks.is_fake, tracks.record_keys))


def _reference(trained: training.Trained, tracks: Tracks, temperature: float) -> dict[str, float]:
    """Score by video key, of the Keras model: what the exported graph must reproduce."""
    found = scoring.probabilities(_track_logits(trained, tracks) / temperature)
    pairs = zip(tracks.video_keys.tolist(), found.tolist(), strict=True)
    return dict(sorted(pairs)[:_MAX_REFERENCES])


def _track_logits(trained: training.Trained, tracks: Tracks) -> Float32s:
    """Uncalibrated logits [M] of the tracks of a split."""
    batches = inputs.clips_in_order(tracks, training.EVALUATION_BATCH)
    by_clip = selection.predict(trained.detector.model, batches)[CLIP_LOGIT]
    return scoring.track_logits(by_clip.reshape(-1, tracks.clip.num_clips), tracks.present)


def _record(
    config: TrainingConfig,
    clip: ClipSpec,
    code_fingerprint: str,
    trained: training.Trained,
    fitted: calibration.Calibration,
    answers: export.Answers,
) -> dict[str, Any]:
    """Everything that `detector.json` says, JSON types only."""
    constants = dataclasses.asdict(answers)
    quality = {k: v for k, v in dataclasses.asdict(fitted).items() if k not in constants}
    return {
        **constants,
        "calibration": quality,
        "training": dataclasses.asdict(config),
        signatures.DETECTOR_CLIP: dataclasses.asdict(clip),
        "code_fingerprint": code_fingerprint,
        "temporal_head": trained.temporal_head,
        "val_auc": trained.val_auc,
        "val_auc_rnn": trained.val_auc_rnn,
        "val_auc_frame_mean": trained.val_auc_frame_mean,
        "num_epochs": len(trained.history),
        "num_parameters": trained.detector.model.count_params(),
        "versions": {name: metadata.version(name) for name in _PACKAGES},
    }
