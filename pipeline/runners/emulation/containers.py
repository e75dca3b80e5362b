"""The containers of a Kubeflow package: what each runs, and what it finds around it."""

import dataclasses
from collections.abc import Mapping
from typing import Final, TypeVar

from google.protobuf import json_format, message, struct_pb2
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.emulation.step_plan import (
    SecretKey,
    Volume,
    unknown_placeholder,
    unsupported_step,
)

_PLATFORM: Final = "kubernetes"
# They decide where a pod lands, as whom it runs and how it is found, not what it does.
_LEFT_TO_THE_CLUSTER: Final = (
    "node_selector tolerations node_affinity pod_affinity pod_metadata image_pull_secret"
    " image_pull_policy security_context"
)

_Message = TypeVar("_Message", bound=message.Message)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Executor:
    """One container, as `pipeline.runners.emulation.step_plan.Step` has it."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, SecretKey]
    volumes: tuple[Volume, ...]
    timeout_seconds: float


def expect_only(given: message.Message, where: str, understood: str) -> None:
    """Refuses a message that says more than the fields named in `understood`.

    Raises:
      RunnerError: `unsupported_step`: It does.
    """
    for field, _ in given.ListFields():
        if field.name not in understood.split():
            raise unsupported_step(where, f"`{field.name}`")


def read(
    deployment: struct_pb2.Struct, platform: pipeline_spec_pb2.PlatformSpec
) -> dict[str, Executor]:
    """The containers of a package, by the label of their executor.

    Raises:
      RunnerError: `unsupported_step`: A step is no plain container, or needs more of Kubernetes
        than secrets
        as variables, mounted claims and a deadline.
    """
    containers = _parsed(
        deployment, pipeline_spec_pb2.PipelineDeploymentConfig(), "the package"
    ).executors
    kubernetes = _kubernetes(platform)
    return {
        label: _executor(
            f"container {label.removeprefix('exec-')}",
            given,
            kubernetes.get(label, struct_pb2.Struct()),
        )
        for label, given in sorted(containers.items())
    }


def _kubernetes(platform: pipeline_spec_pb2.PlatformSpec) -> Mapping[str, struct_pb2.Struct]:
    for name, spec in platform.platforms.items():
        if name != _PLATFORM:
            raise unsupported_step("the package", f"the platform {name}")
        expect_only(spec, "the package", "deployment_spec platform")
    # Reading a missing key of a message's map would add it.
    if _PLATFORM not in platform.platforms:
        return {}
    return dict(platform.platforms[_PLATFORM].deployment_spec.executors)


def _executor(
    where: str,
    given: pipeline_spec_pb2.PipelineDeploymentConfig.ExecutorSpec,
    kubernetes: struct_pb2.Struct,
) -> Executor:
    expect_only(given, where, "container")
    expect_only(given.container, where, "image command args env resources")
    command = (*given.container.command, *given.container.args)
    for word in command:
        if found := unknown_placeholder(word):
            raise unsupported_step(where, f"the placeholder {found[:80]}")
    if not given.container.command:
        raise unsupported_step(where, "a command that only its image knows")
    asked = _parsed(kubernetes, kubernetes_executor_config_pb2.KubernetesExecutorConfig(), where)
    expect_only(
        asked, where, f"secret_as_env pvc_mount active_deadline_seconds {_LEFT_TO_THE_CLUSTER}"
    )
    return Executor(
        command=command,
        environment={variable.name: variable.value for variable in given.container.env},
        secrets=_secrets(asked, where),
        volumes=tuple(_volume(mount, where) for mount in asked.pvc_mount),
        timeout_seconds=float(asked.active_deadline_seconds),
    )


def _secrets(
    asked: kubernetes_executor_config_pb2.KubernetesExecutorConfig, where: str
) -> dict[str, SecretKey]:
    found = {}
    for secret in asked.secret_as_env:
        expect_only(secret, where, "secret_name secret_name_parameter key_to_env optional")
        name = _name(secret.secret_name_parameter, where) or secret.secret_name
        for entry in secret.key_to_env:
            found[entry.env_var] = SecretKey(
                secret=name, key=entry.secret_key, is_optional=secret.optional
            )
    return found


def _volume(mount: kubernetes_executor_config_pb2.PvcMount, where: str) -> Volume:
    expect_only(mount, where, "constant pvc_name_parameter mount_path")
    claim = _name(mount.pvc_name_parameter, where) or mount.constant
    return Volume(claim=claim, mount_path=mount.mount_path)


def _name(given: message.Message, where: str) -> str:
    """A name that is written into the package, not worked out in the run."""
    expect_only(given, where, "runtime_value")
    expect_only(given.runtime_value, where, "constant")  # type: ignore[attr-defined]
    return str(given.runtime_value.constant.string_value)  # type: ignore[attr-defined]


def _parsed(given: struct_pb2.Struct, empty: _Message, where: str) -> _Message:
    """The strict message of what the package holds as plain mappings."""
    try:
        return json_format.ParseDict(json_format.MessageToDict(given), empty)
    except json_format.ParseError as error:
        raise unsupported_step(where, f"a part of the specification ({error})") from error
