"""schemas/track_example.pbtxt against real examples and the vocabularies of the code."""

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils

from components.frame_extractor import encode
from schemas import features, resources, taxonomy


@pytest.fixture(scope="module")
def schema():
    return text_format.Parse(resources.TRACK_EXAMPLE_SCHEMA.read_text(), schema_pb2.Schema())


def statistics(examples, split, schema):
    pattern = f"{artifact_utils.get_split_uri([examples], split)}/*"
    options = tfdv.StatsOptions(schema=schema, enable_semantic_domain_stats=True)
    return tfdv.generate_statistics_from_tfrecord(pattern, stats_options=options)


def test_the_schema_names_every_key_once(schema):
    assert sorted(feature.name for feature in schema.feature) == sorted(features.ALL_KEYS)


def test_string_domains_are_the_vocabularies_of_the_code(schema):
    domains = {domain.name: tuple(domain.value) for domain in schema.string_domain}
    assert domains == {
        features.MANIPULATION_TYPE: taxonomy.MANIPULATION_TYPES,
        features.CONTEXT: taxonomy.CONTEXTS,
        features.FACE_SIZE_BUCKET: tuple(name for _, name in encode.FACE_SIZES),
        features.RESOLUTION_BUCKET: tuple(name for _, name in encode.RESOLUTIONS),
    }


def test_requests_need_not_know_what_the_model_is_to_say(schema):
    left_out = {f.name for f in schema.feature if "SERVING" in f.not_in_environment}
    assert left_out == {
        features.IS_FAKE,
        features.DATASET_NAME,
        features.MANIPULATION_METHOD,
        features.MANIPULATION_TYPE,
    }


def test_real_examples_have_no_anomaly_and_strange_ones_do(run, make_record, schema):
    good = [make_record("one"), make_record("two", is_fake=True, manipulation_type="lip_sync")]
    strange = make_record(
        "one", video_id="x", split="val", manipulation_type="magic", context="moon"
    )
    examples, _ = run([*good, strange])
    known = statistics(examples, "train", schema)
    found = tfdv.validate_statistics(known, schema, environment="TRAINING")
    assert not found.anomaly_info, found
    unknown = statistics(examples, "val", schema)
    found = tfdv.validate_statistics(unknown, schema, environment="TRAINING")
    assert set(found.anomaly_info) == {features.MANIPULATION_TYPE, features.CONTEXT}


def test_another_codec_is_drift(run, make_record, schema):
    both = [make_record("one"), make_record("one", video_id="x", split="val", codec="av1")]
    examples, _ = run(both)
    found = tfdv.validate_statistics(
        statistics(examples, "val", schema),
        schema,
        environment="TRAINING",
        previous_statistics=statistics(examples, "train", schema),
    )
    assert set(found.anomaly_info) == {features.VIDEO_CODEC}
