"""Beam's arguments: one runner, named; and in no cache key."""

import pytest
from apache_beam.options import pipeline_options
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import executable_spec_pb2

from pipeline.config.sections import BeamConfig
from pipeline.runners import beam


def test_arguments_are_understood_by_beam():
    arguments = beam.arguments(BeamConfig(engine="multi_threading", workers=3))
    options = pipeline_options.PipelineOptions(arguments)
    assert options.view_as(pipeline_options.StandardOptions).runner == "FnApiRunner"
    direct = options.view_as(pipeline_options.DirectOptions)
    assert (direct.direct_running_mode, direct.direct_num_workers) == ("multi_threading", 3)


def test_workers_without_effect_are_refused():
    with pytest.raises(ValueError, match=r"workers must be 1 .* got 4"):
        beam.arguments(BeamConfig(engine="in_memory", workers=4))


def test_the_operator_adds_arguments_before_those_of_the_component():
    spec = executable_spec_pb2.BeamExecutableSpec()
    spec.python_executor_spec.class_path = "tfx.components.statistics_gen.executor.Executor"
    spec.beam_pipeline_args_placeholders.add().value.string_value = "--own=1"
    before = spec.SerializeToString(deterministic=True)
    operators = beam.executor_operators(["--runner=FnApiRunner"])
    operator = operators[executable_spec_pb2.BeamExecutableSpec](spec)
    seen = [arg.value.string_value for arg in operator.beam_pipeline_args]
    assert seen == ["--runner=FnApiRunner", "--own=1"]
    assert spec.SerializeToString(deterministic=True) == before  # the cache key


def test_the_executor_receives_the_arguments(monkeypatch, tmp_path):
    received = []
    spec = executable_spec_pb2.BeamExecutableSpec()
    spec.python_executor_spec.class_path = "tfx.components.statistics_gen.executor.Executor"
    operator = beam.executor_operators(["--runner=FnApiRunner"])[type(spec)](spec)
    monkeypatch.setattr(
        "tfx.components.statistics_gen.executor.Executor.Do",
        lambda self, inputs, outputs, properties: received.extend(self._beam_pipeline_args),
    )
    operator.run_executor(
        data_types.ExecutionInfo(
            execution_id=1,
            execution_output_uri=str(tmp_path / "output.pb"),
            stateful_working_dir=str(tmp_path),
            tmp_dir=str(tmp_path),
        )
    )
    assert "--runner=FnApiRunner" in received
