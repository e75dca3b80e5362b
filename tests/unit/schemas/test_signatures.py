"""Tests of the names of signatures."""

from schemas import features, signatures


def test_names_are_distinct():
    assert len(set(signatures.ALL)) == 3
    assert len(set(signatures.SCORING_OUTPUTS)) == 6


def test_an_answer_carries_the_hash_under_its_feature_key():
    assert features.PREPROCESSING_HASH in signatures.SCORING_OUTPUTS


def test_outputs_are_no_inputs():
    inputs = {*features.MODEL_KEYS, signatures.EXAMPLES}
    assert inputs.isdisjoint(signatures.SCORING_OUTPUTS)
