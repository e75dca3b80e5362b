"""The examination of a served model: what is asked, and what must hold of the answers."""

import json
import pathlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import grpc
import numpy as np
import numpy.typing as npt

from components.serving_validator.requests import Arrays, Client, Track
from components.serving_validator.settings import CheckSettings
from schemas import features, signatures

_PROBABILITIES: Final = (
    signatures.SCORE,
    signatures.CLIP_SCORES,
    signatures.FRAME_SCORES,
    signatures.THRESHOLDS,
)
_NUM_THRESHOLDS: Final = 2

BATCH: Final = 4  # tracks per request of serialized examples
Answer = tuple[Sequence[Track], Arrays]  # the tracks of a request, and what came back


class Finding(NamedTuple):
    """Something that speaks against the model: a stable code, and a sentence for a person."""

    code: str
    message: str


def signature_names(found: Collection[str]) -> Iterator[Finding]:
    """All documented signatures must be there; others may be."""
    missing = sorted(set(signatures.ALL) - set(found))
    if missing:
        yield Finding("missing_signature", f"the model lacks {missing}; it has {sorted(found)}")


def check_scoring(signature: str, tracks: Sequence[Track], outputs: Arrays) -> Iterator[Finding]:
    """Answers of a scoring signature to `tracks`, B of them with N frames each.

    Names, dtypes and shapes must be as `schemas.signatures` documents, numbers finite,
    probabilities in [0, 1], and the preprocessing hash that of the tracks.
    """
    missing = sorted(set(signatures.SCORING_OUTPUTS) - set(outputs))
    extra = sorted(set(outputs) - set(signatures.SCORING_OUTPUTS))
    if missing or extra:
        yield Finding("wrong_outputs", f"{signature}: lacks {missing}, has besides {extra}")
        return
    wrong = list(_types_and_shapes(signature, tracks, outputs))
    yield from wrong
    if not wrong:
        yield from _values(signature, tracks, outputs)


def _types_and_shapes(
    signature: str, tracks: Sequence[Track], outputs: Arrays
) -> Iterator[Finding]:
    size, num_frames = len(tracks), len(tracks[0].frames)
    # K is not in the request: any number of clips that divides the frames.
    num_clips = outputs[signatures.CLIP_SCORES].shape[-1]
    shapes = {
        signatures.SCORE: (size,),
        signatures.LOGIT: (size,),
        signatures.CLIP_SCORES: (size, num_clips),
        signatures.FRAME_SCORES: (size, num_frames),
        signatures.THRESHOLDS: (size, _NUM_THRESHOLDS),
        signatures.HASH: (size,),
    }
    for name, shape in shapes.items():
        value = outputs[name]
        dtype = np.dtype(np.object_ if name == signatures.HASH else np.float32)
        if value.dtype != dtype or value.shape != shape:
            yield Finding(
                "wrong_shape",
                f"{signature}: {name} must be {_type_name(dtype)} {list(shape)}, "
                f"got {_type_name(value.dtype)} {list(value.shape)}",
            )
    if num_clips < 1 or num_frames % num_clips:
        message = f"{signature}: {num_frames} frames are not a multiple of {num_clips} clips"
        yield Finding("wrong_shape", message)


def _type_name(dtype: np.dtype[np.generic]) -> str:
    return "string" if dtype == np.object_ else dtype.name


def _values(signature: str, tracks: Sequence[Track], outputs: Arrays) -> Iterator[Finding]:
    for name in (*_PROBABILITIES, signatures.LOGIT):
        value = outputs[name]
        if not np.isfinite(value).all():
            yield Finding("not_finite", f"{signature}: {name} holds {_some(value)}")
        elif name in _PROBABILITIES and (value.min() < 0 or value.max() > 1):
            message = f"{signature}: {name} must lie in [0, 1], got {value.min()} to {value.max()}"
            yield Finding("out_of_range", message)
    for track, answered in zip(tracks, outputs[signatures.HASH], strict=True):
        if answered.decode() != track.preprocessing_hash:
            yield Finding(
                "preprocessing_mismatch",
                f"{signature}: the model was made for the preprocessing {answered.decode()}, "
                f"{track.video_key} has {track.preprocessing_hash}",
            )


def _some(value: npt.NDArray[np.float32]) -> str:
    return f"{value[~np.isfinite(value)].ravel()[0]}, {np.isfinite(value).mean():.0%} are finite"


def check_transformed(tracks: Sequence[Track], outputs: Arrays) -> Iterator[Finding]:
    """Transformed features: some, one row per track, numbers finite."""
    name = signatures.TRANSFORM_FEATURES
    if not outputs:
        yield Finding("wrong_outputs", f"{name}: there are no outputs")
    for key, value in sorted(outputs.items()):
        if not value.shape or value.shape[0] != len(tracks):
            message = f"{name}: {key} must have {len(tracks)} rows, got {list(value.shape)}"
            yield Finding("wrong_shape", message)
        elif np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            yield Finding("not_finite", f"{name}: {key} holds {_some(value)}")


def check_agreement(
    code: str,
    first: tuple[str, Mapping[str, float]],
    second: tuple[str, Mapping[str, float]],
    tolerance: float,
) -> Iterator[Finding]:
    """Scores by video key that two sources give must be equal up to `tolerance`.

    Args:
      code: Of the finding.
      first: Name of a source, and its scores.
      second: Likewise; keys that only one of them has are not compared, but one must be shared.
      tolerance: Greatest allowed difference.
    """
    (name, scores), (other_name, other_scores) = first, second
    shared = sorted(set(scores) & set(other_scores))
    if not shared:
        yield Finding(code, f"{name} and {other_name} have no track in common")
        return
    differences = {key: abs(scores[key] - other_scores[key]) for key in shared}
    worst = max(differences, key=lambda key: differences[key])
    if differences[worst] > tolerance:
        yield Finding(
            code,
            f"{name} and {other_name} differ by {differences[worst]:.3g} (more than {tolerance:g}) "
            f"on {worst}: {scores[worst]:.6f} and {other_scores[worst]:.6f}",
        )


def read_reference(model_path: str) -> dict[str, float]:
    """The trainer's own scores by video key; empty if the model carries none."""
    path = pathlib.Path(model_path) / signatures.EXTRA_ASSETS / signatures.REFERENCE_FILE
    if not path.is_file():
        return {}
    scores: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return scores


def examine(
    client: Client,
    tracks: Sequence[Track],
    reference: Mapping[str, float],
    settings: CheckSettings,
) -> list[Finding]:
    """Sends `tracks` through every signature and gathers what speaks against the model.

    `serving_default` gets one track per request, the other two `BATCH` at once: so the comparison
    of their scores also shows whether the neighbours in a batch change an answer. Of each
    signature the first wrong answer is reported; scores are compared where there was none.
    """
    asked = "GetModelMetadata"
    answers: dict[str, list[Answer]] = {}
    try:
        names = client.signature_names(settings.request_timeout_seconds)
        findings = list(signature_names(names))
        if findings:
            return findings
        for asked, inputs_of in _INPUTS.items():
            answers[asked] = [
                (batch, client.predict(asked, inputs_of(batch), settings.request_timeout_seconds))
                for batch in _batches(asked, tracks)
            ]
    except grpc.RpcError as error:
        return [Finding("request_failed", f"{asked}: {error.code().name}: {error.details()}")]
    findings = [finding for name in answers for finding in _first_wrong(name, answers[name])]
    return findings or list(_compare(answers, reference, settings.max_score_difference))


def _batches(signature: str, tracks: Sequence[Track]) -> Iterator[Sequence[Track]]:
    size = 1 if signature == signatures.SERVING_DEFAULT else BATCH
    return (tracks[start : start + size] for start in range(0, len(tracks), size))


def _crops(tracks: Sequence[Track]) -> Arrays:
    return {
        features.TRACK_FRAMES: np.stack([track.frames for track in tracks]),
        features.FRAME_PRESENT: np.stack([track.present for track in tracks]),
    }


def _examples(tracks: Sequence[Track]) -> Arrays:
    serialized = [track.serialized for track in tracks]
    return {signatures.EXAMPLES: np.array(serialized, dtype=np.object_)}


_INPUTS: Final[dict[str, Callable[[Sequence[Track]], Arrays]]] = {
    signatures.SERVING_DEFAULT: _crops,
    signatures.SERVING_EXAMPLES: _examples,
    signatures.TRANSFORM_FEATURES: _examples,
}


def _first_wrong(signature: str, answers: Sequence[Answer]) -> list[Finding]:
    for tracks, outputs in answers:
        if signature == signatures.TRANSFORM_FEATURES:
            findings = list(check_transformed(tracks, outputs))
        else:
            findings = list(check_scoring(signature, tracks, outputs))
        if findings:
            return findings
    return []


def _scores(answers: Sequence[Answer]) -> dict[str, float]:
    return {
        track.video_key: float(score)
        for tracks, outputs in answers
        for track, score in zip(tracks, outputs[signatures.SCORE], strict=True)
    }


def _compare(
    answers: Mapping[str, Sequence[Answer]], reference: Mapping[str, float], tolerance: float
) -> Iterator[Finding]:
    of_tracks, of_examples = (
        (name, _scores(answers[name]))
        for name in (signatures.SERVING_DEFAULT, signatures.SERVING_EXAMPLES)
    )
    yield from check_agreement("signatures_disagree", of_tracks, of_examples, tolerance)
    trainer = f"the trainer ({signatures.REFERENCE_FILE})", reference
    yield from check_agreement("differs_from_trainer", of_tracks, trainer, tolerance)
