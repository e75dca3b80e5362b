"""What is known of one run: its videos, configuration, code, packages and metrics.

Most of it stands in files beside the artifacts and in the run's folder, some in ML Metadata alone.
"""

import collections
import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from components import artifact_files, fingerprint
from pipeline.config import yaml12
from pipeline.journal.dashboard_folder import ENDED_PROPERTY, LINK_PROPERTY
from pipeline.journal.run_folder import RunFolder
from pipeline.lineage import errors, side_files
from pipeline.lineage.records import Artifact, Execution
from pipeline.lineage.store import Store
from schemas.video_record import VideoRecord

_EVALUATION_FILE: Final = "eval_config.json"  # of TFMA, in every evaluation
_CUSTOM_CONFIG: Final = "custom_config"
_INTERNAL: Final = frozenset((fingerprint.PARAMETER, "input_fingerprint"))
_LINKS: Final = frozenset((LINK_PROPERTY, ENDED_PROPERTY))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """A statistic and its interval; a bound is None where the sample cannot tell it."""

    value: float
    lower: float | None
    upper: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFacts:
    """One run.

    Attributes:
      name: Of the run.
      videos: Accepted ones by record key.
      configuration: Of the run's folder, by dotted key; empty where the folder is gone.
      parameters: Execution properties as `<node>.<property>`, JSON taken apart.
      code: Fingerprints by node.
      packages: Versions by package, as the model recorded them.
      metrics: By slice and metric; the overall slice first.
      missing: What could not be read, and why.
    """

    name: str
    videos: Mapping[str, VideoRecord]
    configuration: Mapping[str, Any]
    parameters: Mapping[str, Any]
    code: Mapping[str, str]
    packages: Mapping[str, str]
    metrics: Mapping[tuple[str, str], Interval]
    missing: tuple[str, ...]


def of_run(store: Store, name: str, output: pathlib.Path) -> RunFacts:
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
        videos=_videos(made["VideoManifest"], missing),
        configuration=_configuration(folder),
        parameters=_parameters(sources),
        code={node: digest for node, e in sources.items() if (digest := _code(e))},
        packages=_packages(made["Model"], missing),
        metrics=_metrics(folder, made["ModelEvaluation"], missing),
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
    """By node, the execution that did the work: of a partial run, cached ones record nothing."""
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
        except errors.FilesGoneError as error:
            missing.append(f"the videos are unknown: {error}")
            continue
        videos.update({record.key: record for record in records})
    return videos


def _configuration(folder: RunFolder) -> Mapping[str, Any]:
    if not folder.config.is_file():
        return {}
    return dict(_flat(yaml12.parse(folder.config.read_text(encoding="utf-8"))))


def _parameters(sources: Mapping[str, Execution]) -> Mapping[str, Any]:
    return {
        f"{node}.{key}": value
        for node, execution in sources.items()
        for name, text in execution.properties.items()
        for key, value in _flat(_taken_apart(text), name)
        if key.rpartition(".")[2] not in _INTERNAL | _LINKS
    }


def _flat(value: object, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def _taken_apart(value: object) -> object:
    """JSON texts as what they say, also those inside others."""
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
        except errors.FilesGoneError as error:
            missing.append(f"the packages are unknown: {error}")
    return packages


def _metrics(
    folder: RunFolder, evaluations: list[Artifact], missing: list[str]
) -> Mapping[tuple[str, str], Interval]:
    slices = _reported(folder)
    if not slices and evaluations:
        slices = _evaluated(evaluations[-1], missing)
    return {
        (entry["name"], metric): Interval(
            value=estimate["value"], lower=estimate["lower"], upper=estimate["upper"]
        )
        for entry in slices
        for metric, estimate in entry["metrics"].items()
    }


def _reported(folder: RunFolder) -> list[Mapping[str, Any]]:
    """Slices of the run report; reading them takes none of TFMA's seconds of import."""
    if not folder.summary.is_file():
        return []
    metrics = json.loads(folder.summary.read_text(encoding="utf-8")).get("metrics") or {}
    overall = metrics.get("overall")
    return [*([overall] if overall else []), *(metrics.get("slices") or [])]


def _evaluated(evaluation: Artifact, missing: list[str]) -> list[Mapping[str, Any]]:
    try:
        folder = artifact_files.local_folder(evaluation.uri)
    except artifact_files.ArtifactNotLocalError as error:
        missing.append(f"the metrics are unknown: {error}")
        return []
    if not (folder / _EVALUATION_FILE).is_file():
        missing.append(f"the metrics are unknown: no evaluation in {folder}")
        return []
    from pipeline.evaluation import results  # TFMA takes seconds to import

    return [dataclasses.asdict(entry) for entry in results.load(str(folder)).slices]
