"""The graph as a job of Vertex AI Pipelines, through TFX's KubeflowV2DagRunner. Nothing runs here.

What Vertex AI's nodes cannot do is done, or replaced, when compiling:

* Drivers do not run there: the fingerprint of the videos is taken from a copy that can be read
  here, and set as the execution property that VideoValidator's driver sets elsewhere.
* Resolvers are Vertex AI's own, and know TFX's LatestBlessedModelStrategy alone.
* Artifact types have a namespace and no declared properties there; the command of every node,
  `pipeline.runners.vertex.entry_point`, gives it the types of this project back.
"""

import dataclasses
import json
import os
import pathlib
from typing import Any, Final

from kfp.pipeline_spec import pipeline_spec_pb2
from tfx import types
from tfx.dsl.components.base import base_beam_component, base_node, executor_spec
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner, pipeline_builder
from tfx.types import standard_component_specs

from components import artifact_files
from components.video_validator import fingerprint, keys
from pipeline import graph
from pipeline.config.clusters import VertexConfig
from pipeline.config.tree import PipelineConfig
from pipeline.runners import beam
from pipeline.runners.vertex import entry_point
from schemas import manifest as manifest_file
from schemas import names
from schemas.errors import ManifestError, RunnerError

COMMAND: Final = ("python", "-m", "pipeline.runners.vertex.entry_point")
_REQUIRED: Final = ("project", "region", "pipeline_root", "image")
_Resources = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec


def write_spec(
    config: PipelineConfig, path: pathlib.Path, *, manifest_copy: pathlib.Path | None = None
) -> None:
    """Compiles the graph for Vertex AI.

    Equal sources, configurations and videos give equal bytes.

    Args:
      config: `data.manifest` and `data.videos_root` are paths as nodes see them,
        `/gcs/<bucket>/...`; `vertex` is set.
      path: File to write: JSON of a job, as `PipelineJob` of google-cloud-aiplatform takes it.
      manifest_copy: The manifest on this machine, its videos around it as in the bucket. If
        None, the bucket must be mounted here as it is for nodes.

    Raises:
      RunnerError: `vertex_incomplete`: A key of `vertex`, or `data.manifest`, is missing; names
        them all.
      RunnerError: `vertex_path`: A path that nodes do not see.
      RunnerError: `vertex_input`: The manifest, or a video that it names, cannot be read here.
    """
    _check(config)
    content = _input_fingerprint(config, manifest_copy)
    at_root = dataclasses.replace(config, output=config.vertex.pipeline_root.rstrip("/"))
    pipeline = graph.create_pipeline(at_root)
    for node in pipeline.components:
        _adapt(node, config, content)
    job = _compile(pipeline, config.vertex)
    path.write_text(json.dumps(job, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _check(config: PipelineConfig) -> None:
    missing = [f"vertex.{key}" for key in _REQUIRED if not getattr(config.vertex, key)]
    if not config.data.manifest:
        missing.append("data.manifest")
    if missing:
        raise RunnerError(
            "vertex_incomplete",
            f"Vertex AI needs {', '.join(missing)}; set them in the configuration, or with --set",
        )
    for key, value, starts in (
        ("data.manifest", config.data.manifest, ("/gcs/",)),
        ("data.videos_root", config.data.videos_root, ("/gcs/",)),
        ("push.base_directory", config.push.base_directory, ("gs://", "/gcs/")),
    ):
        if value and not value.startswith(starts):
            raise RunnerError(
                "vertex_path",
                f"{key} must be a path that Vertex AI's nodes see, got {value!r}: write"
                f" {starts[0]}<bucket>/... for the object gs://<bucket>/...",
            )


def _input_fingerprint(config: PipelineConfig, copy: pathlib.Path | None) -> str:
    """What VideoValidator's driver would compute, of the files that are at hand here."""
    seen = pathlib.PurePath(config.data.manifest)
    here = str(copy or seen)
    root = config.data.videos_root
    if root and copy:
        root = os.path.normpath(copy.parent / os.path.relpath(root, seen.parent))
    unreadable = _unreadable(here, root)
    if unreadable:
        raise RunnerError(
            "vertex_input",
            f"{len(unreadable)} of the videos of {here} cannot be read here, first {unreadable[0]};"
            " Vertex AI's cache is keyed by their content as it is when compiling: mount the bucket"
            f" below {artifact_files.MOUNT_ROOT}, give the manifest of a whole copy with"
            " --manifest-copy, or take these rows out of the manifest",
        )
    return fingerprint.of(here, root)


def _unreadable(manifest: str, videos_root: str) -> list[str]:
    try:
        rows = manifest_file.read(manifest).rows
    except ManifestError as error:
        raise RunnerError(
            "vertex_input",
            f"{error}. It must be readable when compiling for Vertex AI, and its videos too: mount"
            f" the bucket below {artifact_files.MOUNT_ROOT}, or give a copy with --manifest-copy",
        ) from error
    written = sorted({row.values["path"] for row in rows if "path" in row.values})
    files = (manifest_file.resolve(name, manifest, videos_root) for name in written)
    return [file for file in files if not os.access(file, os.R_OK)]


def _adapt(node: base_node.BaseNode, config: PipelineConfig, input_fingerprint: str) -> None:
    """Makes of a node what Vertex AI can run, in place."""
    for channel in node.outputs.values():
        if channel.type in entry_point.ARTIFACT_TYPES:
            channel.type = _stand_in(channel.type)
    if node.id == names.LATEST_BLESSED_MODEL:
        node._strategy_class = LatestBlessedModelStrategy  # its execution properties are a copy
        return
    if isinstance(node, base_beam_component.BaseBeamComponent):
        node.with_beam_pipeline_args(beam.arguments(config.beam))
    if node.id == names.VIDEO_VALIDATOR:
        node.exec_properties[keys.INPUT_FINGERPRINT] = input_fingerprint
    if node.id == names.IMPORT_SCHEMA_GEN:
        schema = entry_point.packaged_schema()
        node.exec_properties[standard_component_specs.SCHEMA_FILE_KEY] = schema
        node.executor_spec = executor_spec.ExecutorClassSpec(entry_point.ImportSchemaExecutor)
    node.with_platform_config(_resources(node.id, config.vertex))


def _stand_in(artifact_type: type[types.Artifact]) -> type[types.Artifact]:
    """The type as the compiler takes it: TFX's schema of other types has no properties."""
    return type(
        artifact_type.__name__,
        (types.Artifact,),
        {"TYPE_NAME": entry_point.title(artifact_type), "__doc__": artifact_type.__doc__},
    )


def _resources(node_id: str, vertex: VertexConfig) -> Any:
    if node_id != names.TRAINER:
        return _Resources(cpu_limit=vertex.cpu, memory_limit=vertex.memory_gib)
    resources = _Resources(cpu_limit=vertex.trainer_cpu, memory_limit=vertex.trainer_memory_gib)
    if vertex.gpu_count:
        resources.accelerator.type = vertex.gpu_type
        resources.accelerator.count = vertex.gpu_count
    return resources


def _compile(pipeline: tfx_pipeline.Pipeline, vertex: VertexConfig) -> dict[str, Any]:
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
            default_image=_images(vertex),
            default_commands=list(COMMAND),
            use_pipeline_spec_2_1=True,
        )
    )
    job: dict[str, Any] = runner.run(pipeline, write_out=False)
    return job


def _images(vertex: VertexConfig) -> str | dict[str, str]:
    if not vertex.trainer_image:
        return vertex.image
    return {
        pipeline_builder.DEFAULT_IMAGE_PATH_KEY: vertex.image,
        names.TRAINER: vertex.trainer_image,
    }
