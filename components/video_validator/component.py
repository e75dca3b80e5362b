"""VideoValidator: the contract that the pipeline sees."""

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components import artifact_types
from components import fingerprint as code
from components.video_validator import driver, executor, keys
from components.video_validator.settings import SplitPlan, VideoRules


class VideoValidatorSpec(ComponentSpec):
    """Channels and parameters of VideoValidator."""

    PARAMETERS = {  # noqa: RUF012 (TFX reads plain class attributes)
        keys.MANIFEST_PATH: ExecutionParameter(type=str),
        keys.VIDEOS_ROOT: ExecutionParameter(type=str),
        keys.RULES: ExecutionParameter(type=str),
        keys.SPLITS: ExecutionParameter(type=str),
        keys.ERASED_LIST: ExecutionParameter(type=str, optional=True),
        keys.CODE_FINGERPRINT: ExecutionParameter(type=str),
        keys.INPUT_FINGERPRINT: ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        keys.MANIFEST: ChannelParameter(type=artifact_types.VideoManifest),
        keys.DEAD_LETTERS: ChannelParameter(type=artifact_types.DeadLetters),
    }


class VideoValidator(base_beam_component.BaseBeamComponent):
    """Reads a manifest of labelled videos, checks every row and file, and assigns splits.

    Outputs:
      manifest: The accepted videos (`videos.jsonl`, records of `schemas.video_record` with
        absolute paths, sorted by key) and what the splits hold (`splits.json`).
      dead_letters: The rows that were left out, with the reason.
    """

    SPEC_CLASS = VideoValidatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        manifest_path: str,
        rules: str,
        splits: str,
        videos_root: str = "",
        erased_list: str = "",
    ) -> None:
        """Checks the parameters and describes the node.

        Args:
          manifest_path: CSV or JSONL file that lists the videos; see `schemas.manifest`.
          rules: JSON of `settings.VideoRules`.
          splits: JSON of `settings.SplitPlan`.
          videos_root: Folder that paths of the manifest are relative to; the manifest's own
            folder if empty.
          erased_list: File of `schemas.erased`; rows of erased videos and people are left out.
            It need not be there. None are looked for if empty.
        """
        VideoRules.from_json(rules)
        SplitPlan.from_json(splits)
        super().__init__(
            VideoValidatorSpec(
                manifest_path=manifest_path,
                videos_root=videos_root,
                rules=rules,
                splits=splits,
                erased_list=erased_list,
                # TFX does not hash installed code: without this, a fix would be served from cache.
                code_fingerprint=code.of(
                    "components.video_validator",
                    "components.video",
                    "components.artifact_files",
                    "components.beam_lines",
                    "components.dead_letters",
                    "schemas",
                ),
                manifest=types.Channel(type=artifact_types.VideoManifest),
                dead_letters=types.Channel(type=artifact_types.DeadLetters),
            )
        )
