"""DataGate: the contract that the pipeline sees."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components import artifact_types, fingerprint
from components.data_gate import executor, keys
from components.data_gate.settings import GateLimits


class DataGateSpec(ComponentSpec):
    """Channels and parameters of DataGate."""

    PARAMETERS = {  # noqa: RUF012 (TFX reads plain class attributes)
        keys.LIMITS: ExecutionParameter(type=str),
        keys.CODE_FINGERPRINT: ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        keys.ANOMALIES: ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        keys.STATISTICS: ChannelParameter(type=standard_artifacts.ExampleStatistics),
        keys.MANIFEST: ChannelParameter(type=artifact_types.VideoManifest),
        keys.EXAMPLES: ChannelParameter(type=standard_artifacts.Examples),
        keys.LETTERS_VALIDATOR: ChannelParameter(type=artifact_types.DeadLetters),
        keys.LETTERS_EXTRACTOR: ChannelParameter(type=artifact_types.DeadLetters),
    }
    OUTPUTS = {  # noqa: RUF012
        keys.REPORT: ChannelParameter(type=artifact_types.DataReport),
    }


class DataGate(base_component.BaseComponent):
    """Stops the run when the data is not fit to be trained on.

    Outputs:
      report: Every rule with its value and limit (`report.json`). Training must be ordered after
        this node with `add_upstream_node`: it reads nothing from it.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        anomalies: types.BaseChannel,
        statistics: types.BaseChannel,
        manifest: types.BaseChannel,
        examples: types.BaseChannel,
        letters_validator: types.BaseChannel,
        letters_extractor: types.BaseChannel,
        limits: str,
    ) -> None:
        """Checks the parameters and describes the node.

        Args:
          anomalies: What ExampleValidator found.
          statistics: What StatisticsGen counted, over all examples.
          manifest: The accepted videos, as VideoValidator wrote them.
          examples: The track examples that FrameExtractor made.
          letters_validator: Dead letters of VideoValidator.
          letters_extractor: Dead letters of FrameExtractor.
          limits: JSON of `settings.GateLimits`.
        """
        GateLimits.from_json(limits)
        super().__init__(
            DataGateSpec(
                anomalies=anomalies,
                statistics=statistics,
                manifest=manifest,
                examples=examples,
                letters_validator=letters_validator,
                letters_extractor=letters_extractor,
                limits=limits,
                # TFX does not hash installed code: without this, a fix would be served from cache.
                code_fingerprint=fingerprint.of(
                    "components.data_gate",
                    "components.artifact_files",
                    "components.dead_letters",
                    "schemas",
                ),
                report=types.Channel(type=artifact_types.DataReport),
            )
        )
