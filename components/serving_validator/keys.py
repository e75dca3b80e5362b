"""Names shared by the component, its executor and those who read its blessing."""

from typing import Final

from components import fingerprint

MODEL: Final = "model"
EXAMPLES: Final = "examples"
BLESSING: Final = "blessing"
CHECK_CONFIG: Final = "check_config"
MODEL_NAME: Final = "model_name"
CODE_FINGERPRINT: Final = fingerprint.PARAMETER

# Files of the blessing; the two first are those of TFX's InfraValidator.
BLESSED_FILE: Final = "INFRA_BLESSED"
NOT_BLESSED_FILE: Final = "INFRA_NOT_BLESSED"
REASONS_FILE: Final = "reasons.json"
LOG_FILE: Final = "server.log"

# Custom properties of the blessing.
BLESSED: Final = "blessed"  # int: 1 or 0
REASONS: Final = "reasons"  # str: the messages of the findings; only where there are some
CURRENT_MODEL_ID: Final = "current_model_id"  # int: of the model that was tried
