"""How the pipeline runs on Vertex AI Pipelines."""

import dataclasses

from pipeline.config.checks import expect, expect_range


@dataclasses.dataclass(frozen=True, kw_only=True)
class VertexConfig:
    """What Vertex AI needs to know; `deepfake compile --target vertex` reads it.

    Attributes:
      project: Google Cloud project.
      region: Location of the runs.
      pipeline_root: Bucket folder, `gs://...`, of all artifacts.
      image: Container image of every node.
      trainer_image: Of Trainer, where it needs another one, such as that with CUDA.
      cpu: Processors of each node.
      memory_gib: Memory of each node, in GiB.
      trainer_cpu: Processors of Trainer.
      trainer_memory_gib: Memory of Trainer, in GiB.
      gpu_type: Accelerator of Trainer, by Vertex AI's name.
      gpu_count: Accelerators of Trainer; 0 = none.
    """

    project: str = ""
    region: str = ""
    pipeline_root: str = ""
    image: str = ""
    trainer_image: str = ""
    cpu: float = 4.0
    memory_gib: float = 16.0
    trainer_cpu: float = 8.0
    trainer_memory_gib: float = 32.0
    gpu_type: str = "NVIDIA_TESLA_T4"
    gpu_count: int = 0

    def __post_init__(self) -> None:
        in_bucket = not self.pipeline_root or self.pipeline_root.startswith("gs://")
        expect("pipeline_root", in_bucket, "a gs:// address", self.pipeline_root)
        expect_range(self, 0.1, 1024, "cpu", "memory_gib", "trainer_cpu", "trainer_memory_gib")
        expect_range(self, 0, 16, "gpu_count")
