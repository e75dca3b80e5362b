"""DataGate: artifacts in, a report out, or an error that stops the run."""

import dataclasses
import json
import logging
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components import artifact_files
from components.data_gate import facts, keys, rules
from components.data_gate.settings import GateLimits
from schemas.errors import DeepfakeError

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Applies every rule to the facts; holds none itself."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report.

        Raises:
          DeepfakeError: A rule is broken. The report is in the log then, since TFX removes the
            outputs of a failed execution.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        limits = GateLimits.from_json(exec_properties[keys.LIMITS])
        found = facts.read(input_dict)
        outcomes = [rule(found, limits) for rule in rules.ALL]
        broken = [outcome for outcome in outcomes if not outcome.passed]
        text = json.dumps(
            {"passed": not broken, "rules": [dataclasses.asdict(o) for o in outcomes]}, indent=2
        )
        _LOG.info("data report:\n%s", text)
        if broken:
            count = f"{len(broken)} of {len(outcomes)} rules"
            listed = "".join(f"\n  {outcome}" for outcome in broken)
            raise DeepfakeError(
                "data_gate", f"the data breaks {count}; nothing was trained:{listed}"
            )
        report = artifact_utils.get_single_instance(output_dict[keys.REPORT])
        folder = artifact_files.output_folder(report.uri)
        (folder / keys.REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        values = {outcome.rule: outcome.value for outcome in outcomes}
        report.passed = 1
        report.dead_letter_ratio = values["dead_letter_ratio"]
        report.leakage = values["leakage"]
