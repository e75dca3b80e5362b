"""Compiles the graph for open-source Kubeflow Pipelines 2.x: one container step per node.

Kubeflow sees plain containers and their order. Inside each, `pipeline.cli.node` launches one
node as a local run does: TFX's drivers, resolvers, cache and ML Metadata. Steps exchange nothing
through Kubeflow; the bundle, which only the first step carries, says the rest. What they hand to
Kubeflow, pages and figures, is for people alone: no step reads it.
"""

import pathlib
from collections.abc import Mapping
from typing import Any, Final, Protocol

from kfp import compiler, dsl

from pipeline import parameters
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.runners import bundle, ir
from pipeline.runners.kubeflow import container_steps, package_file
from pipeline.runners.kubeflow.container_steps import Input, OutputPath
from pipeline.runners.kubeflow.package_file import Package, check_cluster, read_package
from schemas.errors import RunnerError
from schemas.names import PREPARE, REPORT

_SCALARS: Final = (int, float, str)  # bool is an int
# Kubeflow replaces the placeholder only where it is the whole value of an input.
_RUN: Final = (
    "--run-id",
    Input("run_id", str, dsl.PIPELINE_JOB_ID_PLACEHOLDER),
    "--run-name",
    Input(package_file.RUN_NAME, str, ""),
)


class Shown(Protocol):
    """What steps hand to Kubeflow's own pages; `pipeline.dashboards.visualisations` is one."""

    def page_output(self, step: str) -> str:
        """Name of the artifact that holds the step's page; empty if it has none."""
        ...

    def outputs_of_step(self, step: str) -> Mapping[str, type[dsl.Artifact]]:
        """Artifacts that a step makes for Kubeflow, by the name that Kubeflow's pages show."""
        ...


def write_package(
    config: PipelineConfig, path: pathlib.Path, shown: Shown, *, on_cluster: bool = True
) -> Package:
    """Compiles `config` and writes the package, the same bytes for the same configuration and code.

    Args:
      config: Configuration of the pipeline; `data.manifest` must be set.
      path: File to write; its name ends in `.yaml`.
      shown: The pages and figures that steps make.
      on_cluster: Whether to refuse what cannot work on a cluster; see `check_cluster`. False for
        steps that run on this machine.

    Raises:
      RunnerError: The configuration cannot work on a cluster, or the package would be too large.
      ConfigError: `kubeflow.parameters` names what a run may not set.
    """
    if on_cluster:
        check_cluster(config)
    settable = _run_parameters(config)
    pipeline = _pipeline(config, bundle.build(config), settable, shown)
    _widen_retry_windows(pipeline.pipeline_spec, config)
    compiler.Compiler().compile(pipeline, str(path))
    return read_package(path)


def _widen_retry_windows(spec: Any, config: PipelineConfig) -> None:
    """Gives every step the time that its attempts may take: kfp's own setter allows an hour."""
    for dag in (spec.root.dag, *(component.dag for component in spec.components.values())):
        for task in dag.tasks.values():
            if task.HasField("retry_policy"):
                step = config.kubeflow.step(task.task_info.name)
                window = container_steps.retry_window(step)
                task.retry_policy.backoff_max_duration.FromSeconds(window)


def _run_parameters(config: PipelineConfig) -> dict[str, Input]:
    """The parameters of the pipeline, by configuration key."""
    found: dict[str, Input] = {}
    for key in dict.fromkeys(config.kubeflow.parameters):
        if key.partition(".")[0] not in parameters.SECTIONS:
            raise parameters.not_a_run_parameter(key)
        value = load.value_at(config, key)
        if not isinstance(value, _SCALARS):
            raise RunnerError(
                "unfit_parameter",
                f"kubeflow.parameters: {key} is no single value; name its keys, or leave it out",
            )
        found[key] = Input(key.replace(".", "_"), type(value), value)
    return found


def _pipeline(
    config: PipelineConfig, packed: bundle.Bundle, settable: dict[str, Input], shown: Shown
) -> Any:
    _, run_id, _, run_name = _RUN
    inputs = [*settable.values(), run_name]
    folder = ("--output", parameters.absolute(config.output))
    checked = ("--digest", packed.digest)
    bundle_parts = [text for part in packed.arguments() for text in ("--bundle", part)]
    sets = [text for key, given in settable.items() for text in ("--set", key, given)]

    def define(*channels: Any) -> None:
        values = dict(zip((given.name for given in inputs), channels, strict=True))
        values[run_id.name] = run_id.value

        def add(node: str, *arguments: str | Input) -> dsl.PipelineTask:
            whole = (*arguments, *_RUN, *_outputs(node, shown))
            return container_steps.add(node, whole, values, config, shown.outputs_of_step(node))

        with dsl.ExitHandler(add(REPORT, "report", *folder), name="pipeline"):
            tasks = {PREPARE: add(PREPARE, "prepare", *bundle_parts, *checked, *sets)}
            for node, before in ir.upstream(packed.ir()).items():
                tasks[node] = add(node, "run", *folder, *checked, "--node", node)
                tasks[node].after(*(tasks[name] for name in before or (PREPARE,)))

    return dsl.pipeline(
        name=config.name,
        description=f"Deepfake detection; bundle {packed.digest[:12]}.",
    )(container_steps.with_inputs(define, inputs, optional=True))


def _outputs(node: str, shown: Shown) -> tuple[str | OutputPath, ...]:
    """Arguments that tell a step where its page and its figures go."""
    page = shown.page_output(node)
    has_figures = len(shown.outputs_of_step(node)) > bool(page)
    return (
        *(("--page", OutputPath(page)) if page else ()),
        *(
            ("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER)
            if has_figures
            else ()
        ),
    )
