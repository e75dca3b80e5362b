"""Facts that a node's output artifacts hold, as plain JSON values, by artifact type."""

import collections
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfx import types
from tfx.dsl.io import fileio

from components import artifact_files
from components.guarded_pusher import keys as pusher_keys
from components.serving_validator import keys as serving_keys
from pipeline.evaluation import results
from schemas import names, taxonomy, track_index

Facts = dict[str, Any]


def of_outputs(outputs: Mapping[str, Sequence[types.Artifact]]) -> Facts:
    """Reads what the run report needs from the outputs of one node.

    Args:
      outputs: Artifacts by output key, of this run or of the cached execution it uses.

    Returns:
      Any of `letters` (`num_inputs`, `by_code`), `tracks` (by split: `videos`, `tracks`),
      `evaluation` (as `schemas.run_report.EvaluationSummary`), `model_blessing` and
      `infra_blessing` (`blessed`, `reasons`), `push` (`pushed`, `version`, `path`,
      `refused_because`); what the node does not say is absent.
    """
    facts: Facts = {}
    for artifacts in outputs.values():
        for artifact in artifacts:
            read = _READERS.get(artifact.type_name)
            if read is not None:
                facts |= read(artifact)
    return facts


def _letters(artifact: types.Artifact) -> Facts:
    prefix = "code/"
    properties = artifact.mlmd_artifact.custom_properties
    by_code = {
        name.removeprefix(prefix): value.int_value
        for name, value in sorted(properties.items())
        if name.startswith(prefix)
    }
    return {"letters": {"num_inputs": artifact.num_inputs, "by_code": by_code}}


def _tracks(artifact: types.Artifact) -> Facts:
    folder = artifact_files.local_folder(artifact.uri)
    if not (folder / track_index.FILE_NAME).exists():  # Transform's have none
        return {}
    num_tracks: collections.Counter[str] = collections.Counter()
    videos: dict[str, set[str]] = collections.defaultdict(set)
    for row in track_index.read(str(folder)):
        num_tracks[row.split] += 1
        videos[row.split].add(row.record_key)
    return {
        "tracks": {
            split: {"videos": len(videos[split]), "tracks": num_tracks[split]}
            for split in taxonomy.SPLITS
        }
    }


def _evaluation(artifact: types.Artifact) -> Facts:
    return {"evaluation": dataclasses.asdict(results.load(artifact.uri))}


def _model_blessing(artifact: types.Artifact) -> Facts:
    return {"model_blessing": {"blessed": _blessed(artifact)}}


def _infra_blessing(artifact: types.Artifact) -> Facts:
    report = artifact_files.local_folder(artifact.uri) / serving_keys.REASONS_FILE
    findings = json.loads(report.read_text(encoding="utf-8"))[serving_keys.REASONS]
    reasons = [finding["message"] for finding in findings]
    return {"infra_blessing": {"blessed": _blessed(artifact), "reasons": reasons}}


def _push(artifact: types.Artifact) -> Facts:
    path = artifact.get_string_custom_property(pusher_keys.PUSHED_DESTINATION)
    return {
        "push": {
            "pushed": artifact.get_int_custom_property(pusher_keys.PUSHED) == 1,
            "version": artifact.get_string_custom_property(pusher_keys.PUSHED_VERSION),
            "path": path,
            "present": bool(path) and bool(fileio.exists(path)),
            "refused_because": artifact.get_string_custom_property(pusher_keys.REFUSED_BECAUSE),
        }
    }


def _blessed(artifact: types.Artifact) -> bool:
    return bool(artifact.get_int_custom_property(serving_keys.BLESSED) == 1)


_READERS: Mapping[str, Callable[[types.Artifact], Facts]] = {
    names.DEAD_LETTERS: _letters,
    names.EXAMPLES: _tracks,
    names.MODEL_EVALUATION: _evaluation,
    names.MODEL_BLESSING: _model_blessing,
    names.INFRA_BLESSING: _infra_blessing,
    names.PUSHED_MODEL: _push,
}
