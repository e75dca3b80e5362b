"""Pusher: the contract that the pipeline sees."""

from tfx import types
from tfx.components.pusher import component as tfx_component
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2

from components import fingerprint
from components.guarded_pusher import executor, keys


class Pusher(tfx_component.Pusher):
    """TFX's Pusher that needs both blessings: without them nothing is pushed, and it says why.

    Outputs:
      pushed_model: PushedModel with the custom properties of `components.guarded_pusher.keys`; a
        copy of the model where it was pushed.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        base_directory: str,
    ) -> None:
        """Builds the node.

        Args:
          model: Model to push.
          model_blessing: ModelBlessing of Evaluator.
          infra_blessing: InfraBlessing of ServingValidator or InfraValidator.
          base_directory: `<base directory>/<model name>`, the parent of the version folders.

        Raises:
          ValueError: A channel is None or the folder is empty.
        """
        given = {
            keys.MODEL: model,
            keys.MODEL_BLESSING: model_blessing,
            keys.INFRA_BLESSING: infra_blessing,
            "base_directory": base_directory,
        }
        for name, value in given.items():
            if value is None or value == "":
                raise ValueError(f"{name} is required, got {value!r}")
        super().__init__(
            model=model,
            model_blessing=model_blessing,
            infra_blessing=infra_blessing,
            push_destination=pusher_pb2.PushDestination(
                filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=base_directory)
            ),
            # TFX does not hash installed code: without this, a fix would be served from cache.
            custom_config={keys.CODE_FINGERPRINT: fingerprint.of("components.guarded_pusher")},
        )
