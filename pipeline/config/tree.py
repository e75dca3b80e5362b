"""PipelineConfig: the whole configuration, one frozen tree."""

import dataclasses
import re

from components.data_gate.settings import GateLimits
from components.serving_validator.settings import CheckSettings
from components.video_validator.settings import SplitPlan, VideoRules
from pipeline.config import sections
from pipeline.config.clusters import KubeflowConfig, VertexConfig
from pipeline.config.sections import MetadataConfig
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Everything that decides what a run does. A YAML file states differences from the defaults.

    Attributes:
      name: Of the pipeline; runs of one name share their cache and their blessed models.
      output: Folder of artifacts, metadata, runs and pushed models; `--output` sets it.
      cache: Whether nodes with unchanged inputs, code and parameters are skipped.
    """

    name: str = "deepfake"
    output: str = "runs"
    cache: bool = True
    data: sections.DataConfig = dataclasses.field(default_factory=sections.DataConfig)
    rules: VideoRules = dataclasses.field(default_factory=VideoRules)
    splits: SplitPlan = dataclasses.field(default_factory=SplitPlan)
    clip: ClipSpec = dataclasses.field(default_factory=ClipSpec)
    faces: FaceConfig = dataclasses.field(default_factory=FaceConfig)
    extraction: sections.ExtractionConfig = dataclasses.field(
        default_factory=sections.ExtractionConfig
    )
    gate: GateLimits = dataclasses.field(default_factory=GateLimits)
    training: sections.TrainingConfig = dataclasses.field(default_factory=sections.TrainingConfig)
    evaluation: sections.EvaluationConfig = dataclasses.field(
        default_factory=sections.EvaluationConfig
    )
    serving_check: CheckSettings = dataclasses.field(default_factory=CheckSettings)
    push: sections.PushConfig = dataclasses.field(default_factory=sections.PushConfig)
    beam: sections.BeamConfig = dataclasses.field(default_factory=sections.BeamConfig)
    metadata: MetadataConfig = dataclasses.field(default_factory=MetadataConfig)
    kubeflow: KubeflowConfig = dataclasses.field(default_factory=KubeflowConfig)
    vertex: VertexConfig = dataclasses.field(default_factory=VertexConfig)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.name):
            raise ValueError(f"name must be lower-case letters, digits and -, got {self.name!r}")
