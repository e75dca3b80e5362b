"""FrameExtractor: the contract that the pipeline sees."""

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components import artifact_types, fingerprint
from components.frame_extractor import executor, keys
from components.video import preprocessing
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig


class FrameExtractorSpec(types.ComponentSpec):
    """Channels and parameters of FrameExtractor; every parameter is part of the cache key."""

    PARAMETERS = {  # noqa: RUF012 (TFX reads plain class attributes)
        keys.CLIP_SPEC: ExecutionParameter(type=str),
        keys.FACE_CONFIG: ExecutionParameter(type=str),
        keys.TIMEOUT_SECONDS: ExecutionParameter(type=float),
        keys.PREPROCESSING: ExecutionParameter(type=str),
        keys.CODE_FINGERPRINT: ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        keys.MANIFEST: ChannelParameter(type=artifact_types.VideoManifest),
    }
    OUTPUTS = {  # noqa: RUF012
        keys.EXAMPLES: ChannelParameter(type=standard_artifacts.Examples),
        keys.DEAD_LETTERS: ChannelParameter(type=artifact_types.DeadLetters),
    }


class FrameExtractor(base_beam_component.BaseBeamComponent):
    """Turns every video of a manifest into track examples, one split per manifest split.

    Outputs:
      examples: Gzipped TFRecords of tf.train.Example, one for each face track; keys as in
        `schemas.features`. All four splits exist, empty ones too.
      dead_letters: The videos that could not be used, with the reason.
    """

    SPEC_CLASS = FrameExtractorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        manifest: types.BaseChannel,
        clip_spec: ClipSpec,
        face_config: FaceConfig,
        timeout_seconds: float,
    ) -> None:
        """Makes the component.

        Args:
          manifest: Channel of a VideoManifest.
          clip_spec: Geometry of the track examples.
          face_config: Detection and tracking settings.
          timeout_seconds: Wall time that one video may take, in seconds.
        """
        super().__init__(
            FrameExtractorSpec(
                manifest=manifest,
                clip_spec=clip_spec.to_json(),
                face_config=face_config.to_json(),
                timeout_seconds=float(timeout_seconds),
                preprocessing=preprocessing.current_hash(clip_spec, face_config),
                # TFX does not hash installed code: without this, a fix would be served from cache.
                code_fingerprint=fingerprint.of(
                    "components.frame_extractor",
                    "components.video",
                    "components.artifact_files",
                    "components.beam_lines",
                    "components.dead_letters",
                    "schemas",
                ),
                examples=types.Channel(type=standard_artifacts.Examples),
                dead_letters=types.Channel(type=artifact_types.DeadLetters),
            )
        )
