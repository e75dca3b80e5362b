"""Names shared by the component, its executor and those who read what was pushed."""

from typing import Final

from components import fingerprint

MODEL: Final = "model"
MODEL_BLESSING: Final = "model_blessing"
INFRA_BLESSING: Final = "infra_blessing"
PUSHED_MODEL: Final = "pushed_model"
PUSH_DESTINATION: Final = "push_destination"
CODE_FINGERPRINT: Final = fingerprint.PARAMETER

# Custom properties of PushedModel; the first three as TFX's own Pusher writes them.
PUSHED: Final = "pushed"  # int: 1 or 0
PUSHED_DESTINATION: Final = "pushed_destination"  # str: the version folder
PUSHED_VERSION: Final = "pushed_version"  # str: its number
REFUSED_BECAUSE: Final = "refused_because"  # str: only where nothing was pushed

# Custom properties of blessings, as Evaluator, InfraValidator and ServingValidator write them.
BLESSED: Final = "blessed"  # int: 1 or 0
CURRENT_MODEL_ID: Final = "current_model_id"  # int: of the model that was judged
