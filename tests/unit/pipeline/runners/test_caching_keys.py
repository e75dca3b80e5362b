"""Cache keys stay when a history moves to another store, and change when anything else does."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx.orchestration.portable import cache_utils
from tfx.types import artifact_utils

from pipeline.runners import caching

MODEL = pb.ArtifactType(name="Model", properties={"span": pb.INT})


@pytest.fixture
def record():
    record = pb.Artifact(id=3, uri="/laptop/runs/Trainer/model/8", state=pb.Artifact.LIVE)
    record.create_time_since_epoch = record.last_update_time_since_epoch = 1_700_000_000_000
    record.properties["span"].int_value = 1
    record.custom_properties["current_model_id"].int_value = 2
    record.custom_properties["num_videos"].int_value = 40
    return record


def portable(record, type_id=5):
    kind = pb.ArtifactType()
    kind.CopyFrom(MODEL)
    kind.id = type_id
    copied = pb.Artifact()
    copied.CopyFrom(record)
    copied.type_id = type_id
    return caching.portable(artifact_utils.deserialize_artifact(kind, copied))


def test_what_a_copy_changes_is_not_in_the_key(record):
    before = portable(record)
    record.id, record.external_id = 300, "deepfake-copy:1"
    record.uri = "/deepfake/runs/Trainer/model/8"
    record.last_update_time_since_epoch += 1
    record.custom_properties["current_model_id"].int_value = 200
    assert portable(record, type_id=50) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda record: setattr(record, "create_time_since_epoch", 1),
        lambda record: setattr(record, "uri", "/laptop/runs/Trainer/model/9"),
        lambda record: setattr(record, "uri", "/laptop/runs/Other/model/8"),
        lambda record: setattr(record, "name", "another"),
        lambda record: setattr(record.properties["span"], "int_value", 2),
        lambda record: setattr(record.custom_properties["num_videos"], "int_value", 41),
    ],
)
def test_another_artifact_has_another_key(record, change):
    before = portable(record)
    change(record)
    assert portable(record) != before


def test_installing_twice_is_installing_once(monkeypatch):
    monkeypatch.setattr(cache_utils, "get_cache_context", cache_utils.get_cache_context)
    caching.install_keys()
    once = cache_utils.get_cache_context
    caching.install_keys()
    assert cache_utils.get_cache_context is once
