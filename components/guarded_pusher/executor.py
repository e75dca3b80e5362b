"""Pusher: blessings in, a version folder out, or a stated refusal."""

import logging
import os
import time
from typing import Any

from tfx import types
from tfx.components.pusher import executor as tfx_executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils

from components.guarded_pusher import guard, keys, versions


class Executor(tfx_executor.Executor):
    """Pushes what the guard lets through; a refusal is a result, not an error."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict[keys.PUSHED_MODEL])
        refusals = guard.refusals(input_dict)
        if refusals:
            logging.getLogger(__name__).warning("Nothing is pushed: %s", "; ".join(refusals))
            pushed.set_int_custom_property(keys.PUSHED, 0)
            pushed.set_string_custom_property(keys.REFUSED_BECAUSE, "; ".join(refusals))
            return
        source = self.GetModelPath(input_dict)
        folder = _folder(exec_properties[keys.PUSH_DESTINATION])
        version = str(versions.publish(source, folder, now=time.time()))
        io_utils.copy_dir(source, pushed.uri)  # the artifact stays when versions are cleaned up
        pushed.set_int_custom_property(keys.PUSHED, 1)
        pushed.set_string_custom_property(keys.PUSHED_DESTINATION, os.path.join(folder, version))
        pushed.set_string_custom_property(keys.PUSHED_VERSION, version)


def _folder(destination_json: str) -> str:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(destination_json, destination)
    folder: str = destination.filesystem.base_directory
    return folder
