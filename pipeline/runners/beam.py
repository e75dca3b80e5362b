"""Beam arguments of a local run, and the launcher's operator that hands them over."""

import functools
from typing import Any

from tfx.orchestration.portable import beam_executor_operator
from tfx.proto.orchestration import executable_spec_pb2

from pipeline.config.sections import ENGINES, BeamConfig


def arguments(config: BeamConfig) -> list[str]:
    """Command-line arguments of every Beam pipeline of a run.

    The runner is named outright: `DirectRunner` first tries to download and start Prism, and
    DaskRunner reports success while it computes only the last branch of a pipeline's outputs.

    Raises:
      ValueError: The engine is not one of `ENGINES`, or has no use for more than one worker.
    """
    if config.engine not in ENGINES:
        raise ValueError(f"beam.engine must be one of {', '.join(ENGINES)}, got {config.engine!r}")
    if config.engine == "in_memory" and config.workers != 1:
        raise ValueError(
            f"beam.workers must be 1 with the engine in_memory, got {config.workers!r};"
            " choose multi_threading or multi_processing for more"
        )
    return [
        "--runner=FnApiRunner",
        f"--direct_running_mode={config.engine}",
        f"--direct_num_workers={config.workers}",
        # No container is started here. Without an image TFX packs its own source for remote
        # workers, 1.5 s in every Beam node.
        "--sdk_container_image=unused",
    ]


def executor_operators(beam_args: list[str]) -> dict[type, Any]:
    """Operators for TFX's launcher that add `beam_args` when a node runs.

    Written into the compiled graph instead, the arguments would be part of every cache key, and
    a run with another engine would compute everything again.
    """
    return {executable_spec_pb2.BeamExecutableSpec: functools.partial(_operator, beam_args)}


def _operator(
    beam_args: list[str], executor_spec: Any, platform_config: Any = None
) -> beam_executor_operator.BeamExecutorOperator:
    operator = beam_executor_operator.BeamExecutorOperator(executor_spec, platform_config)
    # Beam takes the last of equal arguments: what a component asked for itself wins.
    operator.beam_pipeline_args = [*_placeholders(beam_args), *operator.beam_pipeline_args]
    return operator


def _placeholders(beam_args: list[str]) -> list[Any]:
    spec = executable_spec_pb2.BeamExecutableSpec()
    for argument in beam_args:
        spec.beam_pipeline_args_placeholders.add().value.string_value = argument
    return list(spec.beam_pipeline_args_placeholders)
