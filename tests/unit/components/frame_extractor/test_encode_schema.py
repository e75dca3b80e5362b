"""schemas/track_example.pbtxt against real examples and the vocabularies of the code."""

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils

from components.frame_extractor import encode
from schemas import features, taxonomy


@pytest.fixture(scope="module")
def schema():
    return text_format.Parse(features.TRACK_EXAMPLE_SCHEMA.read_text(), schema_pb2.Schema())


@pytest.fixture(scope="module")
def statistics(run, make_record, schema):
    """Of real examples by split: `train` as they should be, `val` with strange values."""
    strange = {"manipulation_type": "magic", "context": "moon", "codec": "av1"}
    examples, _ = run(
        [
            make_record("one"),
            make_record("two", is_fake=True, manipulation_type="lip_sync"),
            make_record("one", video_id="strange", split="val", **strange),
        ]
    )
    options = tfdv.StatsOptions(schema=schema, enable_semantic_domain_stats=True)
    return {
        split: tfdv.generate_statistics_from_tfrecord(
            f"{artifact_utils.get_split_uri([examples], split)}/*", stats_options=options
        )
        for split in ("train", "val")
    }


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


def test_real_examples_have_no_anomaly(statistics, schema):
    found = tfdv.validate_statistics(statistics["train"], schema, environment="TRAINING")
    assert not found.anomaly_info, found


def test_values_outside_a_closed_vocabulary_and_another_codec_are_anomalies(statistics, schema):
    found = tfdv.validate_statistics(
        statistics["val"],
        schema,
        environment="TRAINING",
        previous_statistics=statistics["train"],
    )
    assert {
        features.MANIPULATION_TYPE,
        features.CONTEXT,
        features.VIDEO_CODEC,  # drift
    } <= set(found.anomaly_info)
