"""The examination of a served model: what is asked, in which order, and what is compared."""

import json
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import grpc
import numpy as np

from components.serving_validator import checks
from components.serving_validator.checks import Finding
from components.serving_validator.requests import Arrays, Client, Track
from components.serving_validator.settings import CheckSettings
from schemas import features, signatures

BATCH: Final = 4  # tracks per request of serialized examples


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
        findings = list(checks.signature_names(names))
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


Answer = tuple[Sequence[Track], Arrays]  # the tracks of a request, and what came back


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
            findings = list(checks.transformed(tracks, outputs))
        else:
            findings = list(checks.scoring(signature, tracks, outputs))
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
    yield from checks.agreement("signatures_disagree", of_tracks, of_examples, tolerance)
    trainer = f"the trainer ({signatures.REFERENCE_FILE})", reference
    yield from checks.agreement("differs_from_trainer", of_tracks, trainer, tolerance)
