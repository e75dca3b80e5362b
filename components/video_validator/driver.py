"""VideoValidator's driver: puts the fingerprint of the input into the cache key."""

from tfx.dsl.components.base import base_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver as portable_base_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2

from components.video_validator import fingerprint, keys


class Driver(base_driver.BaseDriver, portable_base_driver.BaseDriver):
    """Sets the execution property `input_fingerprint`.

    The component class checks for the one base, the launcher calls the other.
    """

    def __init__(self, mlmd_connection: metadata.Metadata) -> None:
        base_driver.BaseDriver.__init__(self, mlmd_connection)
        portable_base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Fingerprints the files that the execution properties name."""
        parameters = execution_info.exec_properties
        output = driver_output_pb2.DriverOutput()
        output.exec_properties[keys.INPUT_FINGERPRINT].string_value = fingerprint.of(
            parameters[keys.MANIFEST_PATH],
            parameters[keys.VIDEOS_ROOT],
            parameters.get(keys.ERASED_LIST, ""),
        )
        return output
