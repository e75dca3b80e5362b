"""Settings of the check, as the pipeline's configuration hands them over."""

import dataclasses
import json


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """How the model is tried; ranges are checked by the configuration tree.

    Attributes:
      num_requests: Tracks sent through each signature.
      startup_timeout_seconds: From process start to a model that answers.
      request_timeout_seconds: Per request.
      max_score_difference: Allowed between scores that should be equal.
    """

    num_requests: int
    startup_timeout_seconds: float
    request_timeout_seconds: float
    max_score_difference: float

    @classmethod
    def from_json(cls, text: str) -> "CheckSettings":
        return cls(**json.loads(text))
