"""Properties of artifacts that name another artifact, by its id or by its URI."""

from typing import Final

# Evaluator, ServingValidator and TFX's former ModelValidator write these; the resolver of the
# latest blessed model and GuardedPusher read them.
ARTIFACT_IDS: Final = frozenset({"current_model_id", "baseline_model_id", "blessed_model_id"})
URIS: Final = frozenset(
    {"current_model", "baseline_model", "pushed_destination", "stats_dashboard_link"}
)
