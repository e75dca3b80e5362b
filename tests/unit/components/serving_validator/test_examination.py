"""What the examination finds in flawed models, through a real gRPC server."""

import dataclasses

import numpy as np
import pytest
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from components.serving_validator import examination, requests
from schemas import signatures
from schemas.taxonomy import Split


def test_a_sound_model_has_no_findings(served, tracks, reference, settings):
    client = served()
    assert client.state() == ModelVersionStatus.AVAILABLE
    assert client.signature_names(10.0) == set(signatures.ALL)
    assert examination.examine(client, tracks, reference, settings) == []


@pytest.mark.parametrize(
    ("flaw", "code", "words"),
    [
        ("a signature is missing", "missing_signature", "lacks ['transform_features']"),
        ("no thresholds", "wrong_outputs", "serving_default: lacks ['thresholds']"),
        ("scores as a column", "wrong_shape", "score must be float32 [1], got float32 [1, 1]"),
        ("not finite", "not_finite", "score holds nan, 0% are finite"),
        ("out of range", "out_of_range", "score must lie in [0, 1]"),
        ("other preprocessing", "preprocessing_mismatch", "made for the preprocessing another"),
        ("mask ignored in examples", "signatures_disagree", "differ by"),
    ],
)
def test_every_flaw_is_found_and_named(served, tracks, reference, settings, flaw, code, words):
    findings = examination.examine(served(flaw), tracks, reference, settings)
    assert findings
    assert findings[0].code == code
    assert words in findings[0].message


def test_scores_that_are_not_the_trainers_are_found(served, tracks, reference, settings):
    client = served()
    wrong = {key: score - 0.01 for key, score in reference.items()}
    (finding,) = examination.examine(client, tracks, wrong, settings)
    assert finding.code == "differs_from_trainer"
    assert "differ by 0.01 (more than 0.001)" in finding.message
    lenient = dataclasses.replace(settings, max_score_difference=0.02)
    assert examination.examine(client, tracks, wrong, lenient) == []
    (finding,) = examination.examine(client, tracks, {}, settings)
    assert "have no track in common" in finding.message


def test_a_request_that_the_model_refuses_is_a_finding(served, tracks, reference, settings):
    short = [track._replace(serialized=b"no example at all") for track in tracks]
    (finding,) = examination.examine(served(), short, reference, settings)
    assert finding.code == "request_failed"
    assert finding.message.startswith("serving_examples: INVALID_ARGUMENT")


def test_tracks_with_a_reference_come_first(examples):
    uri = f"{examples.uri}/Split-{Split.VAL.value}"
    preferred = {"made/original/4/0", "made/original/2/0"}
    keys = [track.video_key for track in requests.read_tracks(uri, preferred, 3)]
    assert keys == ["made/original/2/0", "made/original/4/0", "made/original/0/0"]
    assert len(requests.read_tracks(uri, (), 100)) == 6


def test_transformed_features_must_have_a_row_per_track(tracks):
    outputs = {"made": np.ones((2, 1), np.float32), "other": np.array([np.inf] * 6, np.float32)}
    codes = [finding.code for finding in examination.check_transformed(tracks, outputs)]
    assert codes == ["wrong_shape", "not_finite"]
    assert [finding.code for finding in examination.check_transformed(tracks, {})] == [
        "wrong_outputs"
    ]
