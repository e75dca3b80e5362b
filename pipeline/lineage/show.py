"""Gathers what made a model, from the pushed version back to the videos."""

import collections
import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from components import fingerprint
from pipeline.lineage import names, side_files, verdicts, walk
from pipeline.lineage.records import Artifact, Execution, Properties
from pipeline.lineage.store import Store
from pipeline.lineage.verdicts import Verdict
from schemas import features, taxonomy
from schemas.errors import FilesGoneError
from schemas.names import DEAD_LETTERS, EXAMPLES, MODEL, SCHEMA, TRANSFORM_GRAPH, VIDEO_MANIFEST

_CHAIN: Final = (MODEL, TRANSFORM_GRAPH, EXAMPLES, SCHEMA, VIDEO_MANIFEST)
_CODE: Final = "code/"  # custom properties of DeadLetters: `code/<code>`
_CUSTOM_CONFIG: Final = "custom_config"
_DIGESTS: Final = ("manifest_digest", "input_fingerprint", features.PREPROCESSING_HASH)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One node that the model came through.

    Attributes:
      node: Id of the node.
      run: Id of the run in which the node ran; not that of the model where the result came from
        the cache.
      execution_id: Id of the execution in the store.
      state: State of the execution, as ML Metadata names it.
      began: When the node began, ISO 8601, UTC.
      code_fingerprint: Digest of the node's sources; empty where TFX's own code ran.
    """

    node: str
    run: str
    execution_id: int
    state: str
    began: str
    code_fingerprint: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """One artifact that the model came through."""

    type: str
    artifact_id: int
    uri: str
    state: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made a model.

    Attributes:
      model_id: Id of the Model artifact.
      run: Id of the run that trained the model.
      pipeline: Name of that run's pipeline.
      versions: Version numbers under which the model was pushed.
      reused_by: Runs that took the model from the cache.
      artifacts: Artifacts from the model back to the manifest.
      steps: Steps in the order in which they ran, those that judged and pushed the model at the
        end.
      parameters: Values of the sections `training` and `clip`, by key.
      packages: Versions of the libraries that trained it.
      digests: Digests of the manifest, the input videos and the preprocessing, by property name.
      videos: Number of accepted videos, by split and then by `real` and `fake`.
      dead_letters: Number of rejected inputs by code.
      verdict: Evaluations, serving checks and pushes of the model.
      unread: Why files could not be read; what they would tell is missing above.
    """

    model_id: int
    run: str
    pipeline: str
    versions: tuple[str, ...]
    reused_by: tuple[str, ...]
    artifacts: tuple[Place, ...]
    steps: tuple[Step, ...]
    parameters: Mapping[str, Any]
    packages: Mapping[str, str]
    digests: Mapping[str, str]
    videos: Mapping[str, Mapping[str, int]]
    dead_letters: Mapping[str, int]
    verdict: Verdict
    unread: tuple[str, ...]


def show(store: Store, name: str) -> Provenance:
    """What made the model `name`, as `names.model` reads it.

    Raises:
      LineageError: It means no model, or several.
    """
    model = names.model(store, name)
    graph = walk.ancestors(store, [model.id])
    complete = walk.with_outputs(store, graph)
    trainer = graph.producer(model.id)
    unread: list[str] = []
    detector = _detector(model, unread)
    verdict = verdicts.of_model(store, model.id)
    return Provenance(
        model_id=model.id,
        run=trainer.run if trainer else "",
        pipeline=trainer.pipeline if trainer else "",
        versions=verdict.versions,
        reused_by=names.reused_by(store, [model.id]).get(model.id, ()),
        artifacts=tuple(_places(graph)),
        steps=tuple(_steps(store, graph, verdict)),
        parameters=_parameters(detector, trainer),
        packages=detector.get("versions", {}),
        digests=_digests(graph),
        videos=_videos(graph, unread),
        dead_letters=_dead_letters(complete),
        verdict=verdict,
        unread=tuple(unread),
    )


def code_of(properties: Properties) -> str:
    """Code fingerprint of an execution; stock nodes of TFX keep it in their `custom_config`."""
    found = properties.get(fingerprint.PARAMETER)
    found = found or _json(properties.get(_CUSTOM_CONFIG)).get(fingerprint.PARAMETER)
    return str(found or "")


def _detector(model: Artifact, unread: list[str]) -> Mapping[str, Any]:
    try:
        return side_files.detector(model)
    except FilesGoneError as error:
        unread.append(str(error))
        return {}


def _places(graph: walk.Graph) -> Iterator[Place]:
    for type_name in _CHAIN:
        for artifact in reversed(graph.of_type(type_name)):
            yield Place(
                type=type_name, artifact_id=artifact.id, uri=artifact.uri, state=artifact.state
            )


def _steps(store: Store, graph: walk.Graph, verdict: Verdict) -> Iterator[Step]:
    of_pushes = walk.ancestors(store, [push.artifact_id for push in verdict.pushes])
    for _, execution in sorted({**of_pushes.executions, **graph.executions}.items()):
        yield Step(
            node=execution.node,
            run=execution.run,
            execution_id=execution.id,
            state=execution.state,
            began=execution.created.isoformat(timespec="seconds"),
            code_fingerprint=code_of(execution.properties),
        )


def _parameters(detector: Mapping[str, Any], trainer: Execution | None) -> dict[str, Any]:
    """From the model's own record, or the Trainer's properties where the model's files are gone."""
    custom = _json(trainer.properties.get(_CUSTOM_CONFIG)) if trainer else {}
    return {
        name: detector[name] if name in detector else _json(custom.get(name))
        for name in ("training", "clip")
        if name in detector or name in custom
    }


def _digests(graph: walk.Graph) -> dict[str, str]:
    carriers = [entry.properties for entry in graph.artifacts.values()]
    carriers += [entry.properties for entry in graph.executions.values()]
    return {
        name: str(properties[name])
        for name in _DIGESTS
        for properties in carriers
        if name in properties
    }


def _videos(graph: walk.Graph, unread: list[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for manifest in graph.of_type(VIDEO_MANIFEST):
        try:
            for record in side_files.videos(manifest):
                counts[record.split]["fake" if record.is_fake else "real"] += 1
        except FilesGoneError as error:
            unread.append(str(error))
    return {split: dict(counts[split]) for split in taxonomy.SPLITS if split in counts}


def _dead_letters(graph: walk.Graph) -> dict[str, int]:
    counts: collections.Counter[str] = collections.Counter()
    for letters in graph.of_type(DEAD_LETTERS):
        for name, value in letters.properties.items():
            if name.startswith(_CODE) and isinstance(value, int):
                counts[name.removeprefix(_CODE)] += value
    return dict(sorted(counts.items()))


def _json(text: object) -> dict[str, Any]:
    """The mapping that `text` holds as JSON; empty where it holds none."""
    if isinstance(text, dict):
        return text
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
