"""How the pipeline runs on Kubeflow Pipelines 2.x and on Vertex AI Pipelines."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final

from pipeline.version import VERSION
from schemas import names
from schemas.settings import expect, expect_choice, expect_range

# Kubernetes' grammar of resource quantities, as far as processors and memory need it.
_QUANTITY: Final = re.compile(r"[0-9]+(\.[0-9]+)?(m|[kKMGT]i?)?")
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Toleration:
    """A taint that a step may be scheduled onto, as Kubernetes has it.

    Attributes:
      key: Key of the taint; any if empty.
      operator: How key and value are compared: `Exists` (whatever the value) or `Equal`.
      value: Value of the taint, where the operator is `Equal`.
      effect: What the taint does: `NoSchedule`, `PreferNoSchedule`, `NoExecute`; any if empty.
    """

    key: str = ""
    operator: str = "Exists"
    value: str = ""
    effect: str = ""

    def __post_init__(self) -> None:
        expect_choice("operator", self.operator, ("Exists", "Equal"))
        expect_choice("effect", self.effect, ("", "NoSchedule", "PreferNoSchedule", "NoExecute"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecretVariable:
    """One key of a Kubernetes Secret, as an environment variable of every step.

    Attributes:
      secret: Name of the Secret.
      key: Key of the Secret whose value is taken.
      variable: Name of the environment variable.
    """

    secret: str
    key: str
    variable: str

    def __post_init__(self) -> None:
        expect("secret", bool(_DNS_LABEL.fullmatch(self.secret)), "a Secret's name", self.secret)
        expect("variable", bool(_VARIABLE.fullmatch(self.variable)), "a name", self.variable)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepConfig:
    """What one container step asks of the cluster; null = as `kubeflow.default` says.

    Attributes:
      image: Container image of the step.
      cpu: Processors asked for, as a Kubernetes quantity such as `500m` or `2`.
      cpu_limit: Processors allowed, as a Kubernetes quantity; no limit if empty.
      memory: Memory asked for and allowed, as a Kubernetes quantity such as `4Gi`.
      gpu_count: Accelerators of the step, 0 to 64.
      gpu_type: Kubernetes resource name of the accelerator.
      node_selector: Labels that the cluster's node must have, value by key.
      tolerations: Taints that the step may be scheduled onto, besides that of its accelerator.
      retries: Attempts after the first, 0 to 64; the step goes on with its own execution.
      backoff_seconds: Seconds before the first retry, 0 to 3600; they double with every retry.
      timeout_seconds: Seconds after which the step is stopped, 0 to 604800; 0 = never.
      environment: Variables of the step, value by name, besides those of `kubeflow.environment`.
    """

    image: str | None = None
    cpu: str | None = None
    cpu_limit: str | None = None
    memory: str | None = None
    gpu_count: int | None = None
    gpu_type: str | None = None
    node_selector: Mapping[str, str] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    retries: int | None = None
    backoff_seconds: int | None = None
    timeout_seconds: int | None = None
    environment: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name in ("cpu", "cpu_limit", "memory"):
            value = getattr(self, name)
            quantity = not value or bool(_QUANTITY.fullmatch(value))
            expect(name, quantity, "a Kubernetes quantity such as 500m, 2 or 4Gi", value)
        given = {name for name, value in self.stated.items() if isinstance(value, int)}
        expect_range(self, 0, 64, *given & {"gpu_count", "retries"})
        expect_range(self, 0, 3600, *given & {"backoff_seconds"})
        expect_range(self, 0, 7 * 86400, *given & {"timeout_seconds"})

    @property
    def stated(self) -> dict[str, Any]:
        """The fields that are not null."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value is not None}


# A step that only talks to ML Metadata still imports TensorFlow and TFX: 0.9 GB.
_BUILT_IN: Final = StepConfig(
    image=f"deepfake-pipeline:{VERSION}",
    cpu="1",
    cpu_limit="",
    memory="3Gi",
    gpu_count=0,
    gpu_type="nvidia.com/gpu",
    node_selector={},
    tolerations=(),
    retries=2,
    backoff_seconds=30,
    timeout_seconds=6 * 3600,
    environment={},
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class KubeflowConfig:
    """The cluster, and what each step gets there.

    Attributes:
      host: Address of the Kubeflow Pipelines API.
      namespace: Namespace of the runs, where Kubeflow has profiles; single-user mode if empty.
      token_file: File with a bearer token for the API.
      cookies_file: File with the session cookie for the API, where a log-in page guards it.
      experiment: Experiment under which runs are listed.
      volume: PersistentVolumeClaim (ReadWriteMany) that every step mounts.
      mount_path: Absolute path at which steps mount the volume; `output` and the videos lie below.
      service_account: Service account of the steps; the cluster's default if empty.
      run_as_user: User and group id of every step, as in the image, 0 to 2147483647; 0 = the
        cluster decides.
      image_pull_secrets: Names of the Secrets of private image registries.
      labels: Labels of every pod, value by key.
      environment: Environment variables of every step, value by name.
      secrets: Keys of Secrets as variables of every step, besides the ML Metadata account.
      parameters: Configuration keys that a run may set; see `pipeline.parameters`.
      default: What every step gets, where its entry in `nodes` says nothing.
      nodes: What differs from `default`, by node id, or `prepare`, or `report`.
    """

    host: str = ""
    namespace: str = ""
    token_file: str = ""
    cookies_file: str = ""
    experiment: str = "deepfake"
    volume: str = "deepfake-artifacts"
    mount_path: str = "/deepfake"
    service_account: str = "deepfake-pipeline"
    run_as_user: int = 10001
    image_pull_secrets: tuple[str, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: tuple[SecretVariable, ...] = ()
    parameters: tuple[str, ...] = (
        "data.manifest",
        "data.videos_root",
        "training.epochs",
        "training.fine_tune_epochs",
        "evaluation.min_auc",
        "evaluation.min_balanced_accuracy",
    )
    default: StepConfig = dataclasses.field(default_factory=StepConfig)
    nodes: Mapping[str, StepConfig] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        expect_range(self, 0, 2**31 - 1, "run_as_user")
        expect("mount_path", self.mount_path.startswith("/"), "absolute", self.mount_path)
        expect("volume", bool(self.volume), "the name of a PersistentVolumeClaim", self.volume)
        for name in filter(None, (self.namespace, self.volume, self.service_account)):
            expect("a name", bool(_DNS_LABEL.fullmatch(name)), "a Kubernetes name", name)
        for node in self.nodes:
            expect_choice("nodes", node, (*names.NODES, names.PREPARE, names.REPORT))
        for variable in self.environment:
            expect("environment", bool(_VARIABLE.fullmatch(variable)), "of variables", variable)

    def step(self, node: str) -> StepConfig:
        """What the step of `node` gets; no field is null."""
        own = self.nodes.get(node, StepConfig())
        return dataclasses.replace(_BUILT_IN, **self.default.stated | own.stated)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VertexConfig:
    """What Vertex AI needs to know; `deepfake compile --target vertex` reads it.

    Attributes:
      project: Google Cloud project of the runs.
      region: Google Cloud location of the runs.
      pipeline_root: Bucket folder of all artifacts, `gs://...`.
      image: Container image of every node.
      trainer_image: Container image of Trainer, where it needs another one, such as that with CUDA;
        `image` if empty.
      cpu: Processors of each node but Trainer, 0.1 to 1024.
      memory_gib: Memory of each node but Trainer, in GiB, 0.1 to 1024.
      trainer_cpu: Processors of Trainer, 0.1 to 1024.
      trainer_memory_gib: Memory of Trainer, in GiB, 0.1 to 1024.
      gpu_type: Accelerator of Trainer, by Vertex AI's name.
      gpu_count: Accelerators of Trainer, 0 to 16.
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
