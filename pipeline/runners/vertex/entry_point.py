"""The command of a node on Vertex AI Pipelines: TFX's entry point, with our types and schema.

`python -m pipeline.runners.vertex.entry_point --executor_class_path ... ` takes the arguments of
`tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor`.
"""

import pathlib
import runpy
from typing import Any, Final

from tfx import types
from tfx.components.schema_gen.import_schema_gen import executor as import_schema_executor
from tfx.orchestration.kubeflow.v2 import compiler_utils
from tfx.types import standard_component_specs
from tfx.utils import name_utils

from components import artifact_types
from schemas import features

# Vertex AI wants titles of the form `<namespace>.<Title>`.
NAMESPACE: Final = "deepfake"
ARTIFACT_TYPES: Final[tuple[type[types.Artifact], ...]] = (
    artifact_types.VideoManifest,
    artifact_types.DeadLetters,
    artifact_types.DataReport,
)
_ENTRY_POINT: Final = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"


class ImportSchemaExecutor(import_schema_executor.Executor):
    """Imports the schema that is installed with this code.

    `schema_file` is relative to the installed packages: where those are on the machine that
    compiles says nothing about the image.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        relative = exec_properties[standard_component_specs.SCHEMA_FILE_KEY]
        installed = _installed_root() / relative
        super().Do(
            input_dict,
            output_dict,
            {**exec_properties, standard_component_specs.SCHEMA_FILE_KEY: str(installed)},
        )


def packaged_schema() -> str:
    """What `ImportSchemaExecutor` takes as `schema_file`: the same text wherever it is compiled."""
    return features.TRACK_EXAMPLE_SCHEMA.relative_to(_installed_root()).as_posix()


def title(artifact_type: type[types.Artifact]) -> str:
    """Name of one of our artifact types on Vertex AI."""
    return f"{NAMESPACE}.{artifact_type.TYPE_NAME}"


def register_types() -> None:
    """Tells TFX's entry point which classes the titles of our artifact types stand for."""
    for artifact_type in ARTIFACT_TYPES:
        path = name_utils.get_full_name(artifact_type)
        compiler_utils.TITLE_TO_CLASS_PATH[title(artifact_type)] = path


def main() -> None:
    """Runs TFX's entry point on this process's arguments."""
    register_types()
    runpy.run_module(_ENTRY_POINT, run_name="__main__", alter_sys=True)


def _installed_root() -> pathlib.Path:
    return features.TRACK_EXAMPLE_SCHEMA.parent.parent


if __name__ == "__main__":
    main()
