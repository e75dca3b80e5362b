"""FrameExtractor: artifacts in, one Beam pipeline, artifacts out."""

import collections
import logging
import math
import os
from collections.abc import Sequence
from typing import Any, Final

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components import artifact_files, beam_lines, dead_letters
from components.frame_extractor import keys, transforms
from components.video import preprocessing
from schemas import features, taxonomy, track_index, video_record
from schemas.clip_spec import ClipSpec
from schemas.dead_letter import DeadLetter
from schemas.errors import RunnerError
from schemas.face_config import FaceConfig
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

VIDEOS_PER_SHARD: Final = 128  # about 20 MB: a track of 32 crops of 128 pixels takes 150 KB
Artifacts = dict[str, list[types.Artifact]]
_LOG = logging.getLogger(__name__)
_SHOWN: Final = 3


def num_workers(beam_args: Sequence[str]) -> int:
    """Child processes of each DoFn instance under these Beam options.

    The in-memory engine has one instance in one thread, which may use every processor. Other
    engines bring their own parallelism. Results do not depend on it: it is no cache key.
    """
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner or "DirectRunner"
    is_in_memory = options.view_as(DirectOptions).direct_running_mode == "in_memory"
    is_single = runner.endswith("DirectRunner") and is_in_memory
    return len(os.sched_getaffinity(0)) if is_single else 1


def assign_shards(records: Sequence[VideoRecord]) -> dict[str, list[VideoRecord]]:
    """Shard file, relative to the Examples, to the videos whose tracks it will hold.

    Every split has at least one shard. Shards hold ascending ranges of keys, so that reading
    a split's files in order yields its tracks in the order of their video keys.

    Raises:
      ValueError: A record has no known split.
    """
    by_split = collections.defaultdict(list)
    for record in sorted(records, key=lambda record: f"{record.key}/"):
        if record.split not in taxonomy.SPLITS:
            allowed = ", ".join(taxonomy.SPLITS)
            raise ValueError(f"split of {record.key} must be {allowed}, got {record.split!r}")
        by_split[record.split].append(record)
    shards = {}
    for split in taxonomy.SPLITS:
        videos = by_split[split]
        count = max(1, math.ceil(len(videos) / VIDEOS_PER_SHARD))
        for number in range(count):
            name = f"{keys.FILE_PREFIX}-{number:05d}-of-{count:05d}.gz"
            start = number * VIDEOS_PER_SHARD
            file = os.path.join(f"Split-{split}", name)
            shards[file] = videos[start : start + VIDEOS_PER_SHARD]
    return shards


class Executor(base_beam_executor.BaseBeamExecutor):
    """Translates between artifacts and `transforms`; holds no video logic."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Extracts the manifest's videos; see `component.FrameExtractor`."""
        self._log_startup(input_dict, output_dict, exec_properties)
        manifest = artifact_utils.get_single_instance(input_dict[keys.MANIFEST])
        examples = artifact_utils.get_single_instance(output_dict[keys.EXAMPLES])
        letters = artifact_utils.get_single_instance(output_dict[keys.DEAD_LETTERS])
        folder = artifact_files.local_folder(manifest.uri)
        records = video_record.read(folder / video_record.FILE_NAME)
        settings = _settings(exec_properties, self._beam_pipeline_args, len(records))

        rows, rejected = self._extract(records, examples.uri, settings)

        check(records, rows, rejected)
        _warn_of_ambiguous(rows)
        track_index.write(str(artifact_files.output_folder(examples.uri)), rows)
        _describe(examples, rows, settings.preprocessing_hash)
        dead_letters.write(letters, rejected, num_inputs=len(records))

    def _extract(
        self, records: Sequence[VideoRecord], folder: str, settings: transforms.ExtractSettings
    ) -> tuple[list[TrackRow], list[DeadLetter]]:
        """Runs the Beam pipeline; what it says of each video comes back as lines."""
        lines = beam_lines.Lines(self._get_tmp_dir())
        with self._make_beam_pipeline() as pipeline:
            rows, letters = transforms.extract(pipeline, assign_shards(records), folder, settings)
            lines.collect("rows", rows)
            lines.collect("letters", letters)
        return (
            [TrackRow.from_json(line) for line in lines.read("rows")],
            [DeadLetter.from_json(line) for line in lines.read("letters")],
        )


def check(
    records: Sequence[VideoRecord], rows: Sequence[TrackRow], letters: Sequence[DeadLetter]
) -> None:
    """Checks that every video was either written or rejected, and every track written once.

    Raises:
      RunnerError: `beam_results_lost`: It was not; some Beam runners lose data.
    """
    beam_lines.check_outcomes(
        (record.key for record in records),
        {row.record_key for row in rows},
        (letter.record_key for letter in letters),
    )
    if len({row.video_key for row in rows}) != len(rows):
        raise RunnerError(
            "beam_results_lost", "the Beam runner wrote tracks twice; use the DirectRunner"
        )


def _warn_of_ambiguous(rows: Sequence[TrackRow]) -> None:
    """Says of how many fakes nobody knows which person is the manipulated one."""
    videos = sorted({row.record_key for row in rows if row.is_ambiguous})
    if videos:
        _LOG.warning(
            "%d fakes show several people, and the manifest does not say which of them is"
            " manipulated: only the dominant face of each counts; such as %s",
            len(videos),
            ", ".join(videos[:_SHOWN]),
        )


def _settings(
    exec_properties: dict[str, Any], beam_args: Sequence[str], num_videos: int
) -> transforms.ExtractSettings:
    spec = ClipSpec.from_json(exec_properties[keys.CLIP_SPEC])
    faces = FaceConfig.from_json(exec_properties[keys.FACE_CONFIG])
    current = preprocessing.current_hash(spec, faces)
    if current != exec_properties[keys.PREPROCESSING]:
        raise RuntimeError(
            "the pipeline was compiled with another version of the code or of the detector's "
            "weights than the one installed here; compile it again"
        )
    return transforms.ExtractSettings(
        clip_spec=spec,
        face_config=faces,
        preprocessing_hash=current,
        timeout_seconds=exec_properties[keys.TIMEOUT_SECONDS],
        num_workers=num_workers(beam_args),
        num_videos=num_videos,
    )


def _describe(examples: types.Artifact, rows: Sequence[TrackRow], preprocessing_hash: str) -> None:
    """Sets the properties of the Examples."""
    examples.split_names = artifact_utils.encode_split_names(list(taxonomy.SPLITS))
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, keys.FILE_FORMAT)
    examples.set_int_custom_property(keys.NUM_TRACKS, len(rows))
    examples.set_int_custom_property(keys.NUM_VIDEOS, len({row.record_key for row in rows}))
    ambiguous = {row.record_key for row in rows if row.is_ambiguous}
    examples.set_int_custom_property(keys.NUM_AMBIGUOUS_VIDEOS, len(ambiguous))
    examples.set_string_custom_property(features.PREPROCESSING_HASH, preprocessing_hash)
