"""ServingValidator: the contract that the pipeline sees."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components import fingerprint
from components.serving_validator import executor, keys, server


class ServingValidatorSpec(ComponentSpec):
    """Channels and parameters of ServingValidator."""

    PARAMETERS = {  # noqa: RUF012 (TFX reads a plain class attribute)
        keys.CHECK_CONFIG: ExecutionParameter(type=str),
        keys.MODEL_NAME: ExecutionParameter(type=str),
        keys.CODE_FINGERPRINT: ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        keys.MODEL: ChannelParameter(type=standard_artifacts.Model),
        keys.EXAMPLES: ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        keys.BLESSING: ChannelParameter(type=standard_artifacts.InfraBlessing),
    }


class ServingValidator(base_component.BaseComponent):
    """Serves the exported model in a process of its own and asks it real questions.

    Outputs:
      blessing: InfraBlessing that Pusher honours, with `reasons.json` and the server's log. A
        model that fails is not blessed and the run goes on; a bug of the validator stops it.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        examples: types.BaseChannel,
        check_config: str,
        model_name: str,
    ) -> None:
        """Builds the node.

        Args:
          model: Model of Trainer.
          examples: Examples with the split `val`, whose tracks the trainer scored itself.
          check_config: JSON of `components.serving_validator.settings.CheckSettings`.
          model_name: Name under which the model is served.
        """
        super().__init__(
            ServingValidatorSpec(
                model=model,
                examples=examples,
                check_config=check_config,
                model_name=model_name,
                # TFX does not hash installed code: without this, a fix would come from cache.
                code_fingerprint=fingerprint.of(
                    "components.serving_validator",
                    "components.artifact_files",
                    server.SERVER_MODULE,
                    "schemas",
                ),
                blessing=types.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
