"""VideoValidator: files in, one Beam pipeline, two artifacts out."""

import collections
import dataclasses
import functools
import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components import artifact_files, beam_lines, dead_letters
from components.video import probe
from components.video_validator import keys, rows, splits, transforms
from components.video_validator.settings import SplitPlan, VideoRules
from schemas import erased, files, manifest, taxonomy, video_record
from schemas.dead_letter import DeadLetter
from schemas.errors import ManifestError
from schemas.video_record import VideoRecord

_SHOWN = 10

_LOG = logging.getLogger(__name__)


def summary_of(records: Sequence[VideoRecord]) -> dict[str, Any]:
    """Counts per split, and warnings about what the manifest left open.

    Returns:
      `splits`: by split, the number of `videos`, `components` and `identities`, and of videos
      `by_class` and `by_method`; `warnings`: sentences.
    """
    by_split: dict[str, list[VideoRecord]] = {split: [] for split in taxonomy.SPLITS}
    for record in records:
        by_split[record.split].append(record)
    return {
        "splits": {split: _counts(chosen) for split, chosen in by_split.items()},
        "warnings": _warnings(by_split),
    }


def summary_of_letters(letters: Sequence[DeadLetter], *, num_rows: int) -> str:
    """One line: rows left out by code, then the first of them with their messages."""
    by_code = collections.Counter(letter.code for letter in letters)
    counts = ", ".join(f"{code} {count}" for code, count in sorted(by_code.items())) or "none"
    shown = "; ".join(f"{x.record_key}: {x.code}, {x.message}" for x in letters[:_SHOWN])
    return f"{len(letters)} of {num_rows} rows left out ({counts})" + (shown and f": {shown}")


def identities(records: Iterable[VideoRecord]) -> set[str]:
    """All people that the videos name."""
    return {name for record in records for name in record.identities}


def _counts(records: list[VideoRecord]) -> dict[str, Any]:
    labels = [taxonomy.FAKE if record.is_fake else taxonomy.REAL for record in records]
    methods = collections.Counter(record.manipulation_method for record in records)
    return {
        "videos": len(records),
        "by_class": {label: labels.count(label) for label in taxonomy.LABELS},
        "by_method": dict(sorted(methods.items())),
        "components": len({record.component_id for record in records}),
        "identities": len(identities(records)),
    }


def _warnings(by_split: dict[str, list[VideoRecord]]) -> list[str]:
    records = [record for chosen in by_split.values() for record in chosen]
    warnings = []
    nameless = sum(not record.target_identity for record in records)
    if nameless:
        warnings.append(
            f"{nameless} of {len(records)} videos name no target identity: each counts as a "
            "person of its own, so one person may be in two splits unnoticed"
        )
    for method in sorted({record.manipulation_method for record in records}):
        absent = [
            split
            for split, chosen in by_split.items()
            if all(record.manipulation_method != method for record in chosen)
        ]
        if absent:
            warnings.append(f"manipulation method {method} is not in {', '.join(absent)}")
    return warnings


class Executor(base_beam_executor.BaseBeamExecutor):
    """Translates between files, the steps of validation, and artifacts."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the accepted videos with their splits, and a dead letter for every other row.

        Raises:
          ManifestError: The manifest as a whole is of no use; see `errors`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        path, videos_root = exec_properties[keys.MANIFEST_PATH], exec_properties[keys.VIDEOS_ROOT]
        found = manifest.read(path)
        resolve = functools.partial(manifest.resolve, manifest_path=path, videos_root=videos_root)
        if found.unknown_columns:
            _LOG.warning("ignored unknown columns %s of %s", found.unknown_columns, path)
        candidates, invalid = rows.validate(found.rows, resolve, _erased(exec_properties))
        rules = VideoRules.from_json(exec_properties[keys.RULES])
        probed, rejected = self._probe(candidates, rules)
        sifted = rows.sift(probed)
        letters = [*invalid, *rejected, *sifted.letters]
        overview = summary_of_letters(letters, num_rows=len(found.rows))
        _LOG.info("%s", overview)
        if not sifted.kept:
            raise ManifestError(
                "no_usable_video",
                f"manifest {path} leaves no usable video: {overview}. Correct the rows or the"
                f" rules",
            )
        records = splits.assign(
            [candidate.record for candidate in sifted.kept],
            SplitPlan.from_json(exec_properties[keys.SPLITS]),
            copies=[candidate.record for candidate in sifted.copies],
        )
        _write(artifact_utils.get_single_instance(output_dict[keys.MANIFEST]), records)
        dead_letters.write(
            artifact_utils.get_single_instance(output_dict[keys.DEAD_LETTERS]),
            letters,
            num_inputs=len(found.rows),
        )

    def _probe(
        self, candidates: list[rows.Candidate], rules: VideoRules
    ) -> tuple[list[rows.Candidate], list[DeadLetter]]:
        """Probes every candidate in a Beam pipeline, whose runner may be a remote one."""
        lines = beam_lines.Lines(self._get_tmp_dir())
        with self._make_beam_pipeline() as pipeline:
            accepted, rejected = transforms.probe_videos(
                pipeline | beam.Create(candidates), probe.probe, rules, len(candidates)
            )
            lines.collect("accepted", accepted)
            lines.collect("letters", rejected)
        found = [VideoRecord.from_json(line) for line in lines.read("accepted")]
        letters = [DeadLetter.from_json(line) for line in lines.read("letters")]
        beam_lines.check_outcomes(
            (candidate.record.key for candidate in candidates),
            (record.key for record in found),
            (letter.record_key for letter in letters),
        )
        records = {record.key: record for record in found}
        probed = [
            dataclasses.replace(candidate, record=records[candidate.record.key])
            for candidate in candidates
            if candidate.record.key in records
        ]
        return probed, letters


def _erased(exec_properties: dict[str, Any]) -> erased.ErasedKeys:
    path = exec_properties.get(keys.ERASED_LIST)
    return erased.ErasedKeys(erased.read(artifact_files.local_folder(path)) if path else ())


def _write(artifact: types.Artifact, records: list[VideoRecord]) -> None:
    folder = artifact_files.output_folder(artifact.uri)
    videos = folder / video_record.FILE_NAME
    video_record.write(videos, records)
    overview = summary_of(records)
    for warning in overview["warnings"]:
        _LOG.warning("%s", warning)
    text = json.dumps(overview, indent=2) + "\n"
    (folder / keys.SPLITS_FILE).write_text(text, encoding="utf-8")
    artifact.num_videos = len(records)
    artifact.num_identities = len(identities(records))
    artifact.num_components = len({record.component_id for record in records})
    artifact.manifest_digest = files.sha256(videos)
