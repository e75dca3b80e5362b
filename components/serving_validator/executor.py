"""ServingValidator: artifacts in, one examination in a server process, a blessing out."""

import json
import logging
import os
import pathlib
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import artifact_files
from components.serving_validator import examination, keys, requests, server
from components.serving_validator.examination import Finding
from components.serving_validator.settings import CheckSettings
from schemas.taxonomy import Split


class Executor(base_executor.BaseExecutor):
    """Translates between artifacts and `examination`; a model that fails is a result."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = CheckSettings.from_json(exec_properties[keys.CHECK_CONFIG])
        model = artifact_utils.get_single_instance(input_dict[keys.MODEL])
        examples = artifact_utils.get_single_instance(input_dict[keys.EXAMPLES])
        blessing = artifact_utils.get_single_instance(output_dict[keys.BLESSING])
        folder = artifact_files.output_folder(blessing.uri)

        model_path = path_utils.serving_model_path(str(artifact_files.local_folder(model.uri)))
        reference = examination.read_reference(model_path)
        split = artifact_files.local_folder(
            artifact_utils.get_split_uri([examples], Split.VAL.value)
        )
        tracks = requests.read_tracks(str(split), reference, settings.num_requests)
        findings = _findings(
            model_path, exec_properties[keys.MODEL_NAME], tracks, reference, settings, folder
        )
        _write(blessing, folder, findings, num_tracks=len(tracks))
        blessing.set_int_custom_property(keys.CURRENT_MODEL_ID, model.id)


def _findings(
    model_path: str,
    model_name: str,
    tracks: list[requests.Track],
    reference: dict[str, float],
    settings: CheckSettings,
    folder: pathlib.Path,
) -> list[Finding]:
    if not tracks:
        return [Finding("no_examples", f"the split {Split.VAL.value} holds no track to send")]
    log = folder / keys.LOG_FILE
    try:
        with server.running(
            model_path, model_name, log, startup_timeout_seconds=settings.startup_timeout_seconds
        ) as client:
            return examination.examine(client, tracks, reference, settings)
    except server.ServerError as error:
        return [Finding(error.code, str(error))]


def _write(
    blessing: types.Artifact, folder: pathlib.Path, findings: list[Finding], *, num_tracks: int
) -> None:
    blessed = not findings
    mark = keys.BLESSED_FILE if blessed else keys.NOT_BLESSED_FILE
    (folder / mark).touch()
    report = {
        keys.BLESSED: blessed,
        "num_tracks": num_tracks,
        keys.REASONS: [finding._asdict() for finding in findings],
    }
    text = json.dumps(report, indent=1) + os.linesep
    (folder / keys.REASONS_FILE).write_text(text, encoding="utf-8")
    blessing.set_int_custom_property(keys.BLESSED, int(blessed))
    if findings:
        messages = "; ".join(finding.message for finding in findings)
        blessing.set_string_custom_property(keys.REASONS, messages)
        logging.getLogger(__name__).warning("The model does not serve: %s", messages)
