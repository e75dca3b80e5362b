"""FrameExtractor: artifacts in, one Beam pipeline, artifacts out."""

import os
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components import artifact_files, dead_letters
from components.frame_extractor import coverage, engine, keys, preprocessing, shards, transforms
from schemas import features, taxonomy, track_index, video_record
from schemas.clip_spec import ClipSpec
from schemas.dead_letter import DeadLetter
from schemas.face_config import FaceConfig
from schemas.video_record import VideoRecord

Artifacts = dict[str, list[types.Artifact]]


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

        coverage.check(records, rows, rejected)
        track_index.write(str(artifact_files.output_folder(examples.uri)), rows)
        _describe(examples, rows, settings.preprocessing_hash)
        dead_letters.write(letters, rejected, num_inputs=len(records))

    def _extract(
        self, records: Sequence[VideoRecord], folder: str, settings: transforms.ExtractSettings
    ) -> tuple[list[track_index.TrackRow], list[DeadLetter]]:
        """Runs the Beam pipeline; what it says of each video comes back through text files."""
        row_files = os.path.join(self._get_tmp_dir(), "rows")
        letter_files = os.path.join(self._get_tmp_dir(), "letters")
        with self._make_beam_pipeline() as pipeline:
            rows, letters = transforms.extract(pipeline, shards.assign(records), folder, settings)
            engine.write_lines(rows, "Rows", row_files)
            engine.write_lines(letters, "Letters", letter_files)
        return (
            [track_index.TrackRow.from_json(line) for line in engine.read_lines(row_files)],
            [DeadLetter.from_json(line) for line in engine.read_lines(letter_files)],
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
        num_workers=engine.num_workers(beam_args),
        num_videos=num_videos,
    )


def _describe(
    examples: types.Artifact, rows: Sequence[track_index.TrackRow], preprocessing_hash: str
) -> None:
    """Sets the properties of the Examples."""
    examples.split_names = artifact_utils.encode_split_names(list(taxonomy.SPLITS))
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, keys.FILE_FORMAT)
    examples.set_int_custom_property(keys.NUM_TRACKS, len(rows))
    examples.set_int_custom_property(keys.NUM_VIDEOS, len({row.record_key for row in rows}))
    examples.set_string_custom_property(features.PREPROCESSING_HASH, preprocessing_hash)
