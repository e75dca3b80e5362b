"""Settings of ServingValidator: how the exported model is tried."""

import dataclasses

from schemas.settings import Settings, expect_range


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckSettings(Settings):
    """How the exported model is tried in a server process before it may be pushed.

    Attributes:
      num_requests: Tracks sent through each signature, 1 to 1000.
      startup_timeout_seconds: Seconds from process start to a model that answers, 1 to 3600.
      request_timeout_seconds: Seconds that one request may take, 1 to 3600.
      max_score_difference: Greatest difference between the server's score and the trainer's own
        score of a track, and between scores that should be equal, 0 to 1.
    """

    num_requests: int = 8
    startup_timeout_seconds: float = 120.0
    request_timeout_seconds: float = 60.0
    max_score_difference: float = 1e-3

    def __post_init__(self) -> None:
        expect_range(self, 1, 1000, "num_requests")
        expect_range(self, 1, 3600, "startup_timeout_seconds", "request_timeout_seconds")
        expect_range(self, 0, 1, "max_score_difference")
