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
      name: Name of the pipeline, in lower-case letters, digits and hyphens; runs of one name share
        their cache and their blessed models.
      output: Folder of artifacts, metadata, runs and pushed models; `--output` sets it.
      cache: Whether nodes with unchanged inputs, code and parameters are skipped.
      data: Places of the labelled videos and of their manifest.
      rules: Rules by which videos are accepted.
      splits: Share of the videos that each split gets.
      clip: Clips and face crops that are taken of a video.
      faces: Detection and tracking of faces.
      extraction: Limits of frame extraction.
      gate: Limits beyond which the data stops the run.
      training: Architecture of the model, and its training.
      evaluation: Slices, and the thresholds that a model must reach to be blessed.
      serving_check: Trial of the exported model before it may be pushed.
      push: Place of the models that were blessed.
      beam: Engine of the components that run on Beam.
      metadata: Address of the ML Metadata store.
      kubeflow: Address of the Kubeflow cluster, and what each step gets there.
      vertex: Project, place and machines on Vertex AI.
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
