"""What belongs into a graph, and what its nodes say; on a store as TFX writes it."""

import json
import pathlib

import jsonschema
import pytest
from coded import raises_code
from lineage_store import make_store
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.lineage import export, graph, store
from pipeline.lineage.graph import Role
from pipeline.metadata import connection
from schemas import erased

# What OpenLineage 2-0-2 asks of a RunEvent, as far as we write it.
_URI = {"type": "string", "format": "uri", "pattern": "^[a-z]+:"}
_FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"_producer": _URI, "_schemaURL": _URI},
        "required": ["_producer", "_schemaURL"],
    },
}
_NAMED = {
    "type": "object",
    "properties": {
        "namespace": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "facets": _FACETS,
    },
    "required": ["namespace", "name"],
}
RUN_EVENT = {
    "type": "object",
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$",
        },
        "run": {
            "type": "object",
            "properties": {
                "runId": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
                },
                "facets": _FACETS,
            },
            "required": ["runId"],
        },
        "job": _NAMED,
        "inputs": {"type": "array", "items": _NAMED},
        "outputs": {"type": "array", "items": _NAMED},
        "producer": _URI,
        "schemaURL": {"type": "string", "pattern": "/2-0-2/OpenLineage.json#/\\$defs/RunEvent$"},
    },
    "required": ["run", "job", "eventTime", "producer", "schemaURL"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three runs: the second takes its data from the cache, the third's model is refused."""
    file = make_store(tmp_path_factory.mktemp("made"), runs=3, videos=8)
    return store.Store(connection.of_file(file))


def runs(made):
    return [run.name for run in made.runs()]


def titles(drawn):
    return sorted(node.title for node in drawn.nodes)


def test_the_graph_of_a_run_holds_all_its_executions_and_what_they_touched(made):
    drawn = graph.graph_of(made, runs(made)[0])
    assert drawn.title == f"Run {runs(made)[0]}"
    assert len(drawn.executions) == 12
    assert {edge.key for edge in drawn.edges if edge.source.startswith("e")} >= {"model", "report"}
    ids = {node.id for node in drawn.nodes}
    assert all({edge.source, edge.target} <= ids for edge in drawn.edges)


def test_what_came_from_the_cache_is_shown_in_its_run(made):
    states = {node.title: node.state for node in graph.graph_of(made, runs(made)[1]).executions}
    assert states["FrameExtractor"] == "cached"
    assert states["Trainer"] == "complete"


def test_the_graph_of_a_model_goes_back_to_the_execution_that_did_the_work(made):
    drawn = graph.graph_of(made, "1001")
    first, second = runs(made)[:2]
    made_in = {node.title: node.run for node in drawn.executions}
    assert made_in["VideoValidator"] == made_in["FrameExtractor"] == first
    assert made_in["Trainer"] == made_in["Pusher"] == second
    assert len(made_in) == len(drawn.executions)


def test_a_model_is_not_drawn_into_the_history_of_those_compared_with_it(made):
    drawn = graph.graph_of(made, "1000")
    assert {node.run for node in drawn.executions} == {runs(made)[0]}
    assert titles(drawn).count("Model") == 1


def test_the_model_asked_for_is_in_focus(made):
    drawn = graph.graph_of(made, "1000")
    (focus,) = drawn.focus
    (node,) = [node for node in drawn.nodes if node.id == focus]
    assert (node.title, node.role) == ("Model", Role.MODEL)
    by_id = graph.graph_of(made, focus[1:])
    assert (by_id.title, len(by_id.nodes)) == (drawn.title, len(drawn.nodes))


def test_cards_say_the_one_fact_that_matters(made):
    notes = {node.title: node.note for node in graph.graph_of(made, runs(made)[2]).artifacts}
    assert notes["VideoManifest"] == "8 videos"
    assert notes["ModelBlessing"] == "not blessed"
    assert notes["InfraBlessing"] == "blessed"
    assert notes["PushedModel"] == "not pushed"
    assert notes["DeadLetters"] == "1 of 9 left out"


def test_a_refusal_is_marked(made):
    failed = {node.title for node in graph.graph_of(made, runs(made)[2]).nodes if node.failed}
    assert failed == {"ModelBlessing", "PushedModel"}


def test_a_model_that_saw_erased_data_says_so_and_is_marked(tmp_path):
    reached = connection.of_file(make_store(tmp_path, runs=1, videos=8))
    client = metadata_store.MetadataStore(reached)
    (model,) = client.get_artifacts_by_type("Model")
    model.custom_properties[erased.TAINTED].int_value = 1
    client.put_artifacts([model])
    (drawn,) = [
        n for n in graph.graph_of(store.Store(reached), "latest").nodes if n.title == "Model"
    ]
    assert (drawn.note, drawn.failed) == ("trained on erased data", True)


def test_what_was_deleted_says_so(tmp_path):
    reached = connection.of_file(make_store(tmp_path, runs=1, videos=8))
    client = metadata_store.MetadataStore(reached)
    (manifest,) = client.get_artifacts_by_type("VideoManifest")
    manifest.state = metadata_store_pb2.Artifact.DELETED
    client.put_artifacts([manifest])
    drawn = {node.title: node for node in graph.graph_of(store.Store(reached), "latest").nodes}
    assert drawn["VideoManifest"].note == drawn["VideoManifest"].state == "deleted"


def test_what_nothing_is_called_is_refused_with_the_nearest_name(made):
    with raises_code("unknown_model", match="did you mean 1000"):
        graph.graph_of(made, "10000000")
    with raises_code("unknown_model"):
        graph.graph_of(made, "no-such")


def test_openlineage_has_one_valid_event_for_each_execution(made):
    drawn = graph.graph_of(made, "latest")
    events = json.loads(export.render_openlineage(drawn))
    for event in events:
        jsonschema.validate(event, RUN_EVENT)
    assert len(events) == len(drawn.executions) == 12
    assert len({event["run"]["runId"] for event in events}) == 12
    assert {event["eventType"] for event in events} == {"COMPLETE"}


def test_openlineage_connects_executions_by_their_datasets(made):
    events = {
        event["job"]["name"]: event
        for event in export.openlineage_events(graph.graph_of(made, runs(made)[0]))
    }
    named = {
        (dataset["namespace"], dataset["name"]) for dataset in events["Trainer"]["outputs"]
    } & {(dataset["namespace"], dataset["name"]) for dataset in events["Pusher"]["inputs"]}
    ((namespace, name),) = named
    assert namespace == "file"
    assert name.endswith("/Trainer/model/0")
    parents = {event["run"]["facets"]["parent"]["run"]["runId"] for event in events.values()}
    assert len(parents) == 1


def test_openlineage_names_an_execution_alike_in_every_export(made):
    def ids(subject):
        events = export.openlineage_events(graph.graph_of(made, subject))
        return {event["job"]["name"]: event["run"]["runId"] for event in events}

    of_run, of_model = ids(runs(made)[0]), ids("1000")
    assert of_model.items() <= of_run.items()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "html"),
        ("a.mmd", "mermaid"),
        ("a.json", "json"),
        ("a.ol.json", "openlineage"),
        ("A.DOT", "dot"),
    ],
)
def test_the_name_of_the_file_chooses_the_format(name, kind):
    assert export.format_of(pathlib.Path("folder", name)) == kind


def test_a_name_without_a_format_is_refused():
    with raises_code("unknown_format", match="openlineage"):
        export.format_of(pathlib.Path("a.pdf"))


@pytest.mark.parametrize("kind", export.RENDERERS)
def test_every_format_is_written_whole(made, tmp_path, kind):
    drawn = graph.graph_of(made, "latest")
    file = tmp_path / "graph"
    export.write(drawn, file, kind)
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]
    assert all(node.title in file.read_text() for node in drawn.nodes if node.is_execution)


def test_json_holds_nodes_edges_and_properties(made, tmp_path):
    file = tmp_path / "graph.json"
    export.write(graph.graph_of(made, "1000"), file, "json")
    document = json.loads(file.read_text())
    assert document["format"] == "deepfake-lineage/1"
    manifest = next(node for node in document["nodes"] if node["title"] == "VideoManifest")
    assert manifest["properties"]["num_videos"] == 8
    assert {"source", "target", "key"} == document["edges"][0].keys()
