"""Tests that the curated schema and the Python contracts say the same."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas import features, taxonomy

OF_LABELLED_DATA = "SERVING"


@pytest.fixture(scope="module")
def schema():
    text = features.TRACK_EXAMPLE_SCHEMA.read_text(encoding="utf-8")
    return text_format.Parse(text, schema_pb2.Schema())


@pytest.fixture(scope="module")
def by_name(schema):
    return {feature.name: feature for feature in schema.feature}


def test_it_describes_every_feature_and_no_other(by_name):
    assert set(by_name) == set(features.ALL_KEYS)


def test_requests_need_no_label(schema, by_name):
    assert OF_LABELLED_DATA in schema.default_environment
    assert OF_LABELLED_DATA in by_name[features.IS_FAKE].not_in_environment
    for key in features.MODEL_KEYS:
        assert OF_LABELLED_DATA not in by_name[key].not_in_environment


@pytest.mark.parametrize(
    ("key", "vocabulary"),
    [
        (features.MANIPULATION_TYPE, taxonomy.MANIPULATION_TYPES),
        (features.CONTEXT, taxonomy.CONTEXTS),
    ],
)
def test_closed_vocabularies_are_those_of_the_taxonomy(schema, by_name, key, vocabulary):
    shared = {domain.name: domain for domain in schema.string_domain}
    feature = by_name[key]
    domain = shared[feature.domain] if feature.domain else feature.string_domain
    assert set(domain.value) == set(vocabulary)


@pytest.mark.parametrize("key", [features.MANIPULATION_METHOD, features.DATASET_NAME])
def test_open_vocabularies_have_no_domain(by_name, key):
    assert not by_name[key].domain
    assert not by_name[key].HasField("string_domain")


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (features.SLICE_KEYS, schema_pb2.BYTES),
        (features.NUMERIC_KEYS, schema_pb2.FLOAT),
        ((features.IS_FAKE, features.FRAME_PRESENT), schema_pb2.INT),
    ],
)
def test_types_are_those_of_the_feature_module(by_name, keys, kind):
    assert {by_name[key].type for key in keys} == {kind}
