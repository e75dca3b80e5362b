"""Gathers the facts of a run, and compares the facts of two runs.

Most of them are in files beside the artifacts and in the run's folder, some in ML Metadata alone.
"""

import collections
import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from components import artifact_files, fingerprint
from pipeline.config import load
from pipeline.lineage import side_files
from pipeline.lineage.records import Artifact, Execution
from pipeline.lineage.store import Store
from pipeline.runs.folders import ENDED_PROPERTY, LINK_PROPERTY, RunFolder
from schemas import taxonomy
from schemas.errors import ArtifactNotLocalError, FilesGoneError
from schemas.names import MODEL, MODEL_EVALUATION, VIDEO_MANIFEST
from schemas.run_report import Estimate, SliceSummary
from schemas.video_record import VideoRecord

_EVALUATION_FILE: Final = "eval_config.json"  # of TFMA, in every evaluation
_CUSTOM_CONFIG: Final = "custom_config"
_INTERNAL: Final = frozenset((fingerprint.PARAMETER, "input_fingerprint"))
_LINKS: Final = frozenset((LINK_PROPERTY, ENDED_PROPERTY))


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFacts:
    """One run.

    Attributes:
      name: Id of the run.
      videos: Accepted videos by record key.
      configuration: Values of the run's configuration file by dotted key; empty where the run's
        folder is gone.
      parameters: Execution properties, as `<node>.<property>`; JSON objects are split into keys.
      code: Fingerprints of the nodes' sources, by node.
      packages: Versions by package, as the model recorded them.
      metrics: Values with their intervals by slice and metric; the overall slice first.
      missing: What could not be read, and why.
    """

    name: str
    videos: Mapping[str, VideoRecord]
    configuration: Mapping[str, Any]
    parameters: Mapping[str, Any]
    code: Mapping[str, str]
    packages: Mapping[str, str]
    metrics: Mapping[tuple[str, str], Estimate]
    missing: tuple[str, ...]


def facts_of_run(store: Store, name: str, output: pathlib.Path) -> RunFacts:
    """Gathers the facts of the run `name`, whose folder lies below `output` if it is still there.

    A node that came from the cache counts with what its first execution recorded.
    """
    executions = list(store.executions_of(name))
    made = _outputs(store, executions)
    folder = RunFolder(output / name)
    missing: list[str] = []
    sources = _with_first_execution(store, executions)
    return RunFacts(
        name=name,
        videos=_videos(made[VIDEO_MANIFEST], missing),
        configuration=_configuration(folder),
        parameters=_parameters(sources),
        code={node: digest for node, e in sources.items() if (digest := _code(e))},
        packages=_packages(made[MODEL], missing),
        metrics=_metrics(folder, made[MODEL_EVALUATION], missing),
        missing=tuple(missing),
    )


def _outputs(store: Store, executions: Iterable[Execution]) -> Mapping[str, list[Artifact]]:
    """What the run made or took from the cache, by type; not what a resolver found."""
    links = store.links_of_executions([execution.id for execution in executions])
    ids = sorted({link.artifact_id for link in links if link.is_output})
    by_type: dict[str, list[Artifact]] = collections.defaultdict(list)
    for artifact in store.artifacts(ids).values():
        by_type[artifact.type].append(artifact)
    return by_type


def _with_first_execution(store: Store, executions: Iterable[Execution]) -> Mapping[str, Execution]:
    """By node, the execution that did the work: cached ones of a partial run record nothing."""
    found = {execution.node: execution for execution in executions}
    bare = {e.id: e for e in found.values() if not _INTERNAL & e.properties.keys()}
    made = [link for link in store.links_of_executions(list(bare)) if link.is_output]
    makers = store.links_of_artifacts(sorted({link.artifact_id for link in made}))
    ids = sorted({link.execution_id for link in makers if link.is_output} - bare.keys())
    for execution in store.executions(ids).values():
        if execution.state == "COMPLETE" and not found[execution.node].properties.keys() - _LINKS:
            found[execution.node] = execution
    return found


def _videos(manifests: Iterable[Artifact], missing: list[str]) -> Mapping[str, VideoRecord]:
    videos = {}
    for manifest in manifests:
        try:
            records = side_files.videos(manifest)
        except FilesGoneError as error:
            missing.append(f"the videos are unknown: {error}")
            continue
        videos.update({record.key: record for record in records})
    return videos


def _configuration(folder: RunFolder) -> Mapping[str, Any]:
    if not folder.config.is_file():
        return {}
    return dict(load.flattened(load.parse_yaml(folder.config.read_text(encoding="utf-8"))))


def _parameters(sources: Mapping[str, Execution]) -> Mapping[str, Any]:
    return {
        f"{node}.{key}": value
        for node, execution in sources.items()
        for name, text in execution.properties.items()
        for key, value in load.flattened(_taken_apart(text), name)
        if key.rpartition(".")[2] not in _INTERNAL | _LINKS
    }


def _taken_apart(value: object) -> object:
    """Replaces texts that hold a JSON object by that object, also inside other objects."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: _taken_apart(inner) for key, inner in value.items()}
    return value


def _code(execution: Execution) -> str:
    """Fingerprint of the node's code; stock nodes of TFX carry it inside their custom_config."""
    own = execution.properties.get(fingerprint.PARAMETER)
    if own:
        return str(own)
    config = _taken_apart(execution.properties.get(_CUSTOM_CONFIG, ""))
    return str(config.get(fingerprint.PARAMETER, "")) if isinstance(config, dict) else ""


def _packages(models: Iterable[Artifact], missing: list[str]) -> Mapping[str, str]:
    packages: dict[str, str] = {}
    for model in models:
        try:
            packages |= side_files.detector(model).get("versions", {})
        except FilesGoneError as error:
            missing.append(f"the packages are unknown: {error}")
    return packages


def _metrics(
    folder: RunFolder, evaluations: list[Artifact], missing: list[str]
) -> Mapping[tuple[str, str], Estimate]:
    slices = _reported(folder)
    if not slices and evaluations:
        slices = _evaluated(evaluations[-1], missing)
    return {
        (entry.name, metric): estimate
        for entry in slices
        for metric, estimate in entry.metrics.items()
    }


def _reported(folder: RunFolder) -> Sequence[SliceSummary]:
    """Slices of the run report; unlike TFMA's files they need no import that takes seconds."""
    report = side_files.report_of(folder)
    return report.evaluation.slices if report and report.evaluation else ()


def _evaluated(evaluation: Artifact, missing: list[str]) -> Sequence[SliceSummary]:
    try:
        folder = artifact_files.local_folder(evaluation.uri)
    except ArtifactNotLocalError as error:
        missing.append(f"the metrics are unknown: {error}")
        return ()
    if not (folder / _EVALUATION_FILE).is_file():
        missing.append(f"the metrics are unknown: no evaluation in {folder}")
        return ()
    from pipeline.evaluation import results  # TFMA takes seconds to import

    return results.load(str(folder)).slices


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """One value of the two runs that is not the same; None where a run does not have it."""

    name: str
    before: Any
    after: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoChanges:
    """Videos in which two runs differ, by record key.

    Attributes:
      added: Videos that only the later run has.
      removed: Videos that only the earlier run has.
      relabelled: Videos of both runs with another label.
      moved: Videos of both runs in another split.
      replaced: Videos with other bytes under the same key.
      num_unchanged: Number of videos that both runs have and that did not change.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[Change, ...]
    moved: tuple[Change, ...]
    replaced: tuple[Change, ...]
    num_unchanged: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricChange:
    """One metric of one slice.

    Attributes:
      slice_name: `overall`, or `feature key:value`.
      metric: Name of the statistic.
      before: Value in the earlier run; None where it is undefined or the slice is missing.
      after: Value in the later run; None where it is undefined or the slice is missing.
      difference: `after` minus `before`; None where one is missing.
      intervals_overlap: Whether the two intervals have a value in common; None where a bound is
        missing. Intervals that overlap do not show that nothing changed: the test videos may be
        the same, and then the two values are not independent.
    """

    slice_name: str
    metric: str
    before: Estimate | None
    after: Estimate | None
    difference: float | None
    intervals_overlap: bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs side by side; every list is sorted by name and holds changes only.

    Attributes:
      before: Name of the run that is compared with.
      after: Name of the run that is looked at.
      videos: What differs between the manifests.
      configuration: Values that differ, by dotted key; where a run's folder is gone, execution
        properties that differ, by node.
      code: Fingerprints of the nodes' sources, by node.
      packages: Versions of libraries by package, as the models recorded them.
      metrics: All metrics of all slices, unchanged ones too.
      incomplete: What could not be compared, and why.
    """

    before: str
    after: str
    videos: VideoChanges
    configuration: tuple[Change, ...]
    code: tuple[Change, ...]
    packages: tuple[Change, ...]
    metrics: tuple[MetricChange, ...]
    incomplete: tuple[str, ...]


def compare(before: RunFacts, after: RunFacts) -> Comparison:
    """Compares two runs."""
    return Comparison(
        before=before.name,
        after=after.name,
        videos=_changed_videos(before.videos, after.videos),
        configuration=_changed_configuration(before, after),
        code=_changes(before.code, after.code),
        packages=_changes(before.packages, after.packages),
        metrics=tuple(_changed_metrics(before.metrics, after.metrics)),
        incomplete=tuple(
            f"{facts.name}: {reason}" for facts in (before, after) for reason in facts.missing
        ),
    )


def _changed_videos(
    before: Mapping[str, VideoRecord], after: Mapping[str, VideoRecord]
) -> VideoChanges:
    both = sorted(before.keys() & after.keys())

    def differing(of: Callable[[VideoRecord], str]) -> tuple[Change, ...]:
        values = ((key, of(before[key]), of(after[key])) for key in both)
        return tuple(Change(name=key, before=a, after=b) for key, a, b in values if a != b)

    relabelled = differing(_label)
    moved = differing(lambda record: record.split)
    replaced = differing(lambda record: record.digest)
    changed = {change.name for change in (*relabelled, *moved, *replaced)}
    return VideoChanges(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        relabelled=relabelled,
        moved=moved,
        replaced=replaced,
        num_unchanged=len(both) - len(changed),
    )


def _label(record: VideoRecord) -> str:
    return taxonomy.FAKE if record.is_fake else taxonomy.REAL


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(Change(name=name, before=a, after=b) for name, a, b in pairs if a != b)


def _changed_configuration(before: RunFacts, after: RunFacts) -> tuple[Change, ...]:
    """Compares configuration files; where one is gone, the execution properties of both runs."""
    if before.configuration and after.configuration:
        return _changes(before.configuration, after.configuration)
    return _changes(before.parameters, after.parameters)


def _changed_metrics(
    before: Mapping[tuple[str, str], Estimate], after: Mapping[tuple[str, str], Estimate]
) -> Iterator[MetricChange]:
    # The order of the evaluation: the overall slice first.
    for slice_name, metric in dict.fromkeys((*after, *before)):
        old, new = before.get((slice_name, metric)), after.get((slice_name, metric))
        yield MetricChange(
            slice_name=slice_name,
            metric=metric,
            before=old,
            after=new,
            difference=new.value - old.value if new and old else None,
            intervals_overlap=_overlap(old, new) if new and old else None,
        )


def _overlap(old: Estimate, new: Estimate) -> bool | None:
    bounds = (old.lower, old.upper, new.lower, new.upper)
    if any(bound is None for bound in bounds):
        return None
    lower, upper, other_lower, other_upper = (bound or 0.0 for bound in bounds)
    return lower <= other_upper and other_lower <= upper
