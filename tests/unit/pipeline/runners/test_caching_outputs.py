"""Cached outputs keep their keys, in whatever order the metadata store answers."""

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable import cache_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.types import standard_artifacts

from pipeline.runners import caching


class Shuffled:
    """A store that returns rows last one first, as databases other than SQLite may."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        method = getattr(self._store, name)
        return lambda *args, **kwargs: list(method(*args, **kwargs))[::-1]


@pytest.fixture
def evaluation(tmp_path):
    """A handle, and the execution of an evaluator with two outputs of different types."""
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
    blessing, report = standard_artifacts.ModelBlessing(), standard_artifacts.ModelEvaluation()
    blessing.uri, report.uri = "blessing-uri", "evaluation-uri"
    with metadata.Metadata(connection) as handle:
        kind = metadata_store_pb2.ExecutionType(name="Evaluator")
        execution = execution_lib.prepare_execution(
            handle, kind, metadata_store_pb2.Execution.COMPLETE
        )
        for artifact in (blessing, report):
            artifact.mlmd_artifact.state = metadata_store_pb2.Artifact.LIVE
        outputs = {"blessing": [blessing], "evaluation": [report]}
        execution = execution_lib.put_execution(handle, execution, [], output_artifacts=outputs)
        yield handle, execution.id


def test_outputs_keep_their_keys_when_rows_come_in_another_order(evaluation):
    handle, execution_id = evaluation
    shuffled = type("Handle", (), {"store": Shuffled(handle.store)})()
    outputs = caching.outputs_of_execution(shuffled, execution_id)
    found = {key: (a.type_name, a.uri) for key, [a] in outputs.items()}
    assert found == {
        "blessing": ("ModelBlessing", "blessing-uri"),
        "evaluation": ("ModelEvaluation", "evaluation-uri"),
    }


def test_a_partial_result_is_no_hit(evaluation):
    handle, execution_id = evaluation
    [artifact] = handle.store.get_artifacts_by_type("ModelBlessing")
    artifact.state = metadata_store_pb2.Artifact.DELETED
    handle.store.put_artifacts([artifact])
    assert caching.outputs_of_execution(handle, execution_id) is None


def test_install_makes_tfx_use_it(monkeypatch):
    monkeypatch.setattr(cache_utils, "_get_outputs_of_execution", None)
    caching.install_outputs()
    assert cache_utils._get_outputs_of_execution is caching.outputs_of_execution
