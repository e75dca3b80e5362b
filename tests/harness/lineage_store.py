"""Makes stores that look as if the pipeline had run often: ML Metadata, and the files it points to.

Types, contexts, events and cached executions are as TFX 1.21 writes them; nothing is trained. Each
run trains a model of its own; every third model is refused; the data change now and then, and in
between come from the cache.
"""

import dataclasses
import datetime
import hashlib
import json
import pathlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.metadata import connection
from pipeline.runs import reporting
from pipeline.runs.folders import RunFolder
from schemas import signatures, track_index, video_record
from schemas.dead_letter import DeadLetter
from schemas.run_report import (
    OVERALL,
    Blessings,
    EvaluationSummary,
    PushedVersion,
    RunReport,
    Status,
)
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

PIPELINE: Final = "made"
_STARTED: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
ARTIFACTS_PER_RUN: Final = 17
_SPLITS: Final = ("train", "train", "train", "val", "calibration", "test")
_INT, _TEXT = mlmd.INT, mlmd.STRING
_TYPES: Final = {
    "VideoManifest": {"num_videos": _INT, "num_identities": _INT, "manifest_digest": _TEXT},
    "DeadLetters": {"num_letters": _INT, "num_inputs": _INT},
    "Examples": {"split_names": _TEXT},
    **{
        name: {}
        for name in (
            *("ExampleStatistics", "Schema", "ExampleAnomalies", "DataReport", "TransformCache"),
            *("TransformGraph", "Model", "ModelRun", "ModelEvaluation", "ModelBlessing"),
            *("InfraBlessing", "PushedModel"),
        )
    },
}
_OWN: Final = "components.{0}.component.{1}"
_TFX: Final = "tfx.components.{0}.component.{1}"
# By node: execution type, channel read -> artifact, channel made -> artifact and its type.
_NODES: Final = {
    "VideoValidator": (_OWN.format("video_validator", "VideoValidator"), {}, {
        "manifest": ("manifest", "VideoManifest"), "dead_letters": ("letters", "DeadLetters")}),
    "FrameExtractor": (_OWN.format("frame_extractor", "FrameExtractor"), {"manifest": "manifest"}, {
        "examples": ("examples", "Examples"), "dead_letters": ("lost", "DeadLetters")}),
    "StatisticsGen": (_TFX.format("statistics_gen", "StatisticsGen"), {"examples": "examples"}, {
        "statistics": ("statistics", "ExampleStatistics")}),
    "ImportSchemaGen": (_TFX.format("schema_gen", "ImportSchemaGen"), {}, {
        "schema": ("schema", "Schema")}),
    "ExampleValidator": (_TFX.format("example_validator", "ExampleValidator"), {
        "statistics": "statistics", "schema": "schema"}, {
        "anomalies": ("anomalies", "ExampleAnomalies")}),
    "DataGate": (_OWN.format("data_gate", "DataGate"), {
        "manifest": "manifest", "examples": "examples", "letters_validator": "letters",
        "letters_extractor": "lost"}, {"report": ("report", "DataReport")}),
    "Transform": (_TFX.format("transform", "Transform"), {
        "examples": "examples", "schema": "schema"}, {
        "updated_analyzer_cache": ("cache", "TransformCache"),
        "transform_graph": ("graph", "TransformGraph"),
        "transformed_examples": ("transformed", "Examples")}),
    "Trainer": (_TFX.format("trainer", "Trainer"), {
        "examples": "transformed", "transform_graph": "graph"}, {
        "model": ("model", "Model"), "model_run": ("model_run", "ModelRun")}),
    "LatestBlessedModel": ("tfx.dsl.components.common.resolver.Resolver", {}, {}),
    "Evaluator": (_TFX.format("evaluator", "Evaluator"), {
        "examples": "examples", "model": "model", "baseline_model": "baseline"}, {
        "evaluation": ("evaluation", "ModelEvaluation"),
        "blessing": ("blessing", "ModelBlessing")}),
    "ServingValidator": (_OWN.format("serving_validator", "ServingValidator"), {
        "model": "model", "examples": "examples"}, {"blessing": ("infra", "InfraBlessing")}),
    "Pusher": (_OWN.format("guarded_pusher", "Pusher"), {
        "model": "model", "model_blessing": "blessing", "infra_blessing": "infra"}, {
        "pushed_model": ("pushed", "PushedModel")}),
}  # fmt: skip
_LOST: Final = {"letters": "too_short", "lost": "no_face"}
_PARAMETERS: Final = {"Trainer": {"training": json.dumps({"epochs": 2})}}
_DATA_NODES: Final = tuple(_NODES)[:7]  # from the cache while the data stay


Edge: TypeAlias = tuple[str, str, mlmd.Event]  # node, name of the artifact, event


def make_store(
    path: pathlib.Path,
    *,
    runs: int = 2,
    videos: int = 24,
    runs_per_manifest: int = 2,
    artifacts_per_run: int = ARTIFACTS_PER_RUN,
    repeats: int = 0,
) -> pathlib.Path:
    """Makes the output folder `path` of so many runs and returns its `metadata.db`.

    Run N is `20260101-<N, six digits>-made`; its model is pushed as version 1000 + N, unless N
    modulo 3 is 2: then it is not blessed. Every `runs_per_manifest` runs a quarter of the videos
    is replaced. Video N is `made/original/vN` where N is even, `made/swap/vN` where it is odd, and
    shows `person<N // 2>`. One row of each manifest is too short, one video has no face.

    Args:
      path: Folder to make or to fill.
      runs: How many.
      videos: Rows of a manifest that are accepted.
      runs_per_manifest: Runs that share a manifest.
      artifacts_per_run: What exceeds 17 are further training logs.
      repeats: Runs after those that take everything from the cache.
    """
    path.mkdir(parents=True, exist_ok=True)
    file = path / connection.SQLITE_FILE
    maker = _Maker(metadata_store.MetadataStore(connection.of_file(file)), path)
    for number in range(runs):
        data = number // runs_per_manifest
        if number % runs_per_manifest == 0:
            maker.renew_data(data, videos)
        maker.run(number, is_new=number % runs_per_manifest == 0, more=artifacts_per_run - 17)
    for number in range(runs, runs + repeats):
        maker.repeat(number)
    return file


def run_name(number: int) -> str:
    """Id of run `number`."""
    return f"20260101-{number:06}-made"


def videos_of(data: int, count: int) -> list[VideoRecord]:
    """The accepted videos of data version `data`."""
    first = data * (count // 4)
    return [_video(number) for number in range(first, first + count)]


def _video(number: int) -> VideoRecord:
    is_fake = number % 2 == 1
    return VideoRecord(
        video_id=f"v{number}",
        path=f"v{number}.mp4",
        is_fake=is_fake,
        dataset="made",
        manipulation_method="swap" if is_fake else "original",
        manipulation_type="face_swap" if is_fake else "none",
        target_identity=f"person{number // 2}",
        source_identity=f"donor{number // 2}" if is_fake else None,
        split=_SPLITS[number // 2 % len(_SPLITS)],
        component_id=f"c{number // 2}",
        digest=hashlib.sha256(str(number).encode()).hexdigest(),
        duration_seconds=2.0,
    )


@dataclasses.dataclass
class _Maker:
    """Writes run after run; `artifacts` are the newest by the names in `_NODES`."""

    store: metadata_store.MetadataStore
    output: pathlib.Path
    artifacts: dict[str, mlmd.Artifact] = dataclasses.field(default_factory=dict)
    records: list[VideoRecord] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        put = self.store
        self.artifact_types = {
            name: put.put_artifact_type(mlmd.ArtifactType(name=name, properties=properties))
            for name, properties in _TYPES.items()
        }
        self.execution_types = {
            name: put.put_execution_type(mlmd.ExecutionType(name=kind))
            for name, (kind, _, _) in _NODES.items()
        }
        types = {
            name: put.put_context_type(mlmd.ContextType(name=name))
            for name in ("pipeline", "pipeline_run", "node")
        }
        names = [f"{PIPELINE}.{node}" for node in _NODES]
        contexts = [mlmd.Context(type_id=types["node"], name=name) for name in names]
        self.nodes = dict(zip(_NODES, put.put_contexts(contexts), strict=True))
        self.context_types = types

    def renew_data(self, data: int, count: int) -> None:
        """Lets the next run work on another manifest."""
        self.records = videos_of(data, count)

    def run(self, number: int, *, is_new: bool, more: int) -> None:
        """Writes one run; its data nodes come from the cache unless the data `is_new`."""
        edges = []
        for node, (_, inputs, outputs) in _NODES.items():
            for key, name in inputs.items():
                if name in self.artifacts:  # there is no baseline at first
                    edges.append((node, name, _event(mlmd.Event.INPUT, key)))
            for key, (name, kind) in outputs.items():
                edges.append((node, name, _event(mlmd.Event.OUTPUT, key)))
                if is_new or node not in _DATA_NODES:
                    self._make(name, kind, f"{node}/{key}/{number}")
        if "baseline" in self.artifacts:
            found = _event(mlmd.Event.INTERNAL_OUTPUT, "model")
            edges.append(("LatestBlessedModel", "baseline", found))
        for index in range(more):
            self._make(f"log{index}", "ModelRun", f"Trainer/model_run/{number}/{index}")
            log = _event(mlmd.Event.OUTPUT, "model_run", index + 1)
            edges.append(("Trainer", f"log{index}", log))
        self._put(number, edges, () if is_new else _DATA_NODES)
        self._judge(number)
        if is_new:
            _write_data(self.artifacts, self.records)
        _write_results(self.output, self.artifacts, number)

    def _make(self, name: str, kind: str, place: str) -> None:
        artifact = mlmd.Artifact(
            type_id=self.artifact_types[kind],
            uri=str(self.output / "artifacts" / place),
            state=mlmd.Artifact.LIVE,
        )
        artifact.custom_properties["tfx_version"].string_value = "1.21.0"
        if name == "manifest":
            artifact.properties["num_videos"].int_value = len(self.records)
            artifact.properties["manifest_digest"].string_value = _digest(_lines(self.records))
        if name in _LOST:
            artifact.properties["num_letters"].int_value = 1
            artifact.properties["num_inputs"].int_value = len(self.records) + 1
            artifact.custom_properties[f"code/{_LOST[name]}"].int_value = 1
        if name == "examples":
            artifact.custom_properties["preprocessing_hash"].string_value = "p" * 64
        self.artifacts[name] = artifact

    def repeat(self, number: int) -> None:
        """Writes a run that finds everything in the cache."""
        edges = [
            (node, name, _event(mlmd.Event.OUTPUT, key))
            for node, (_, _, outputs) in _NODES.items()
            for key, (name, _) in outputs.items()
        ]
        edges += [
            (node, name, _event(mlmd.Event.INPUT, key))
            for node, (_, inputs, _) in _NODES.items()
            for key, name in inputs.items()
            if name != "baseline"
        ]
        self._put(number, edges, [node for node in _NODES if node != "LatestBlessedModel"])

    def _put(self, number: int, edges: Sequence[Edge], cached: Collection[str]) -> None:
        nodes, names = list(_NODES), list(dict.fromkeys(name for _, name, _ in edges))
        executions = [self._execution(node, is_cached=node in cached) for node in nodes]
        contexts = [
            mlmd.Context(type_id=self.context_types["pipeline"], name=PIPELINE),
            mlmd.Context(type_id=self.context_types["pipeline_run"], name=run_name(number)),
        ]
        ids, artifact_ids, _ = self.store.put_lineage_subgraph(
            executions,
            [self.artifacts[name] for name in names],
            contexts,
            [(nodes.index(node), names.index(name), event) for node, name, event in edges],
            reuse_context_if_already_exist=True,
        )
        for name, identity in zip(names, artifact_ids, strict=True):
            self.artifacts[name].id = identity
        members = [
            mlmd.Association(context_id=self.nodes[node], execution_id=identity)
            for node, identity in zip(nodes, ids, strict=True)
        ]
        self.store.put_attributions_and_associations([], members)

    def _execution(self, node: str, *, is_cached: bool) -> mlmd.Execution:
        state = mlmd.Execution.CACHED if is_cached else mlmd.Execution.COMPLETE
        execution = mlmd.Execution(type_id=self.execution_types[node], last_known_state=state)
        properties = {"code_fingerprint": _digest(node)}
        if node in ("Transform", "Trainer", "Pusher"):
            properties = {"custom_config": json.dumps(properties | _PARAMETERS.get(node, {}))}
        if node == "VideoValidator":
            properties["input_fingerprint"] = _digest(_lines(self.records))
        if node == "FrameExtractor":
            properties["clip_spec"] = json.dumps({"num_frames": 16})
        for name, value in properties.items():
            execution.custom_properties[name].string_value = value
        return execution

    def _judge(self, number: int) -> None:
        """Writes who was blessed and pushed: by then the model has an id."""
        model, is_blessed = self.artifacts["model"], number % 3 != 2
        for name, verdict in {"blessing": is_blessed, "infra": True}.items():
            properties = self.artifacts[name].custom_properties
            properties["blessed"].int_value = int(verdict)
            properties["current_model_id"].int_value = model.id
        pushed = self.artifacts["pushed"].custom_properties
        pushed["pushed"].int_value = int(is_blessed)
        if is_blessed:
            pushed["pushed_version"].string_value = str(1000 + number)
            folder = self.output / "serving" / "deepfake" / str(1000 + number)
            pushed["pushed_destination"].string_value = str(folder)
            self.artifacts["baseline"] = model
        self.store.put_artifacts([self.artifacts[name] for name in ("blessing", "infra", "pushed")])


def _event(kind: int, key: str, index: int = 0) -> mlmd.Event:
    steps = [mlmd.Event.Path.Step(key=key), mlmd.Event.Path.Step(index=index)]
    return mlmd.Event(type=kind, path=mlmd.Event.Path(steps=steps))


def _lines(records: Sequence[VideoRecord]) -> str:
    return "".join(record.to_json() + "\n" for record in records)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_data(artifacts: Mapping[str, mlmd.Artifact], records: Sequence[VideoRecord]) -> None:
    video_record.write(_folder(artifacts["manifest"]) / video_record.FILE_NAME, records)
    rows = [
        TrackRow(
            video_key=f"{record.key}/0",
            record_key=record.key,
            split=record.split,
            num_present=16,
            digest=_digest(record.key),
        )
        for record in records[1:]
    ]
    track_index.write(str(_folder(artifacts["examples"])), rows)
    for name, code in _LOST.items():
        letter = DeadLetter(record_key=records[0].key, code=code, message="made")
        path = _folder(artifacts[name]) / "dead-letters-00000-of-00001.jsonl"
        path.write_text(letter.to_json() + "\n", encoding="utf-8")


def _write_results(
    output: pathlib.Path, artifacts: Mapping[str, mlmd.Artifact], number: int
) -> None:
    auc, is_blessed = (0.5 if number % 3 == 2 else 0.95), number % 3 != 2
    extra = _folder(artifacts["model"]) / "Format-Serving" / signatures.EXTRA_ASSETS
    facts = {
        "code_fingerprint": _digest("Trainer"),
        "preprocessing_hash": "p" * 64,
        "training": {"epochs": 2, "seed": number},
        "versions": {"keras": "3.15.1"},
    }
    _write(extra / signatures.DETECTOR_FILE, facts)
    _write(_folder(artifacts["infra"]) / "reasons.json", {"blessed": True, "reasons": []})
    folder = RunFolder(output / run_name(number))
    folder.path.mkdir(parents=True, exist_ok=True)
    reporting.write(folder.summary, _report(folder, number, auc, is_blessed))
    folder.config.write_text(f"training:\n  seed: {number}\n", encoding="utf-8")


def _report(folder: RunFolder, number: int, auc: float, is_blessed: bool) -> RunReport:
    """The report of a run whose model has that AUC over its four test videos."""
    reason = f"video AUC {auc:.3f} {'>=' if is_blessed else '<'} 0.800 on overall"
    gate = {"metric": "video_auc", "slice_name": OVERALL, "value": auc, "bound": 0.8}
    gate |= {"baseline": None, "passed": is_blessed, "reason": reason}
    estimate = {"value": auc, "lower": auc - 0.1, "upper": min(auc + 0.1, 1.0)}
    counts = {"num_videos": 4, "num_fake_videos": 2, "num_real_videos": 2}
    overall = {"name": OVERALL, **counts, "metrics": {"video_auc": estimate}, "track_metrics": {}}
    evaluation = {"blessed": is_blessed, "has_baseline": number > 0}
    version = str(1000 + number)
    path = folder.path.parent / "serving" / "deepfake" / version
    return RunReport(
        run_id=folder.run_id,
        pipeline=PIPELINE,
        status=Status.PUSHED if is_blessed else Status.NOT_BLESSED,
        started=_STARTED,
        finished=_STARTED,
        seconds=0.0,
        evaluation=EvaluationSummary.from_mapping(
            {**evaluation, "slices": [overall], "gates": [gate]}
        ),
        blessed=Blessings(model=is_blessed, infra=True),
        pushed=PushedVersion(version=version, path=str(path)) if is_blessed else None,
        not_pushed_because=() if is_blessed else (f"model: {reason}",),
        log=str(folder.log),
    )


def _write(path: pathlib.Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def _folder(artifact: mlmd.Artifact) -> pathlib.Path:
    folder = pathlib.Path(artifact.uri)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
