"""The store in bulk: runs, executions with their run and node, links, artifacts."""

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.config import load
from pipeline.lineage import store as stores
from pipeline.metadata import connection
from schemas.errors import NoRecordsError


def test_runs_come_oldest_first_with_their_pipeline(store, made):
    assert [run.name for run in store.runs()] == [made.run_name(number) for number in range(4)]
    assert {run.pipeline for run in store.runs()} == {"made"}


def test_executions_of_a_run_say_which_node_and_run_they_are(store, made):
    executions = store.executions_of(made.run_name(1))
    assert len(executions) == 12
    assert {execution.run for execution in executions} == {made.run_name(1)}
    assert {e.state for e in executions if e.node == "Transform"} == {"CACHED"}
    assert {e.state for e in executions if e.node == "Trainer"} == {"COMPLETE"}


def test_a_node_whose_class_has_another_name_keeps_its_own(store, made):
    [resolver] = [e for e in store.executions_of(made.run_name(1)) if "Resolver" in e.type]
    assert resolver.node == "LatestBlessedModel"


def test_an_unknown_run_has_no_executions(store):
    assert store.executions_of("no-such-run") == ()


def test_ids_that_are_not_there_are_absent(store):
    assert store.artifacts([10**12]) == {}
    assert store.executions([10**12]) == {}
    assert store.links_of_artifacts([10**12]) == ()


def test_properties_come_in_the_same_order_in_every_process(tmp_path):
    file = connection.of_file(tmp_path / "metadata.db")
    client = metadata_store.MetadataStore(file)
    properties = dict.fromkeys("dacb", pb.INT)
    kind = client.put_artifact_type(pb.ArtifactType(name="Video", properties=properties))
    artifact = pb.Artifact(type_id=kind, uri="here")
    for name in "dacb":
        artifact.properties[name].int_value = 1
        artifact.custom_properties[f"my_{name}"].int_value = 2
    client.put_artifacts([artifact])
    [found] = stores.Store(file).artifacts_by_type("Video")
    assert list(found.properties) == ["a", "b", "c", "d", "my_a", "my_b", "my_c", "my_d"]


def test_what_a_resolver_found_is_not_what_it_made(store, made):
    [resolver] = [e for e in store.executions_of(made.run_name(1)) if "Resolver" in e.type]
    assert store.links_of_executions([resolver.id]) == ()


def test_links_can_be_asked_for_by_direction(store):
    [first, *_] = store.artifacts_by_type("VideoManifest")
    made_by = store.links_of_artifacts([first.id], is_output=True)
    read_by = store.links_of_artifacts([first.id], is_output=False)
    assert {link.is_output for link in made_by} == {True}
    assert {link.key for link in read_by} == {"manifest"}
    assert {*made_by, *read_by} == set(store.links_of_artifacts([first.id]))


def test_artifacts_carry_both_kinds_of_properties(store):
    [letters, *_] = store.artifacts_by_type("DeadLetters")
    assert letters.properties["num_inputs"] == 25  # of the type
    assert letters.properties["tfx_version"] == "1.21.0"  # custom
    assert letters.state == "LIVE"


def test_a_type_that_nothing_was_written_of_is_empty(store):
    assert store.artifacts_by_type("HyperParameters") == ()


def test_an_output_folder_without_runs_has_no_records(tmp_path):
    config = load.with_overrides(load.load("local"), {"output": str(tmp_path)})
    with pytest.raises(NoRecordsError, match=r"metadata\.db"):
        stores.opened(config)
    assert not list(tmp_path.iterdir()), "a question must not make a store"


def test_the_configured_store_opens_for_reading(history, made):
    config = load.with_overrides(load.load("local"), {"output": str(history)})
    assert stores.opened(config).runs()[-1].name == made.run_name(3)
