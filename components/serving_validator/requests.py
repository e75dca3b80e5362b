"""What is sent: tracks of real examples, through TensorFlow Serving's own gRPC stubs."""

import pathlib
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

import grpc
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from schemas import features

Arrays = dict[str, npt.NDArray[Any]]

_METADATA_FIELD: Final = "signature_def"
_UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_STATUS_TIMEOUT_SECONDS: Final = 10.0


class Track(NamedTuple):
    """One track example, serialized and parsed.

    Attributes:
      video_key: Key of the track.
      serialized: The tf.train.Example.
      frames: [N] JPEG bytes, dtype object.
      present: [N] int64 in {0, 1}.
      preprocessing_hash: Hash of the code and settings that made the crops.
    """

    video_key: str
    serialized: bytes
    frames: npt.NDArray[np.object_]
    present: npt.NDArray[np.int64]
    preprocessing_hash: str


def read_tracks(split_uri: str, preferred: Collection[str], count: int) -> list[Track]:
    """Reads up to `count` tracks of a split, those whose video key is `preferred` first.

    Args:
      split_uri: Folder of gzipped TFRecords.
      preferred: Keys of the tracks to take first.
      count: At most this many, in file order within either group.
    """
    files = sorted(str(path) for path in pathlib.Path(split_uri).iterdir() if path.is_file())
    chosen: list[Track] = []
    others: list[Track] = []
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        track = _parse(record)
        group = chosen if track.video_key in preferred else others
        if len(group) < count:
            group.append(track)
        if len(chosen) == count:
            break
    return [*chosen, *others][:count]


def _parse(record: bytes) -> Track:
    values = tf.train.Example.FromString(record).features.feature
    return Track(
        video_key=values[features.VIDEO_KEY].bytes_list.value[0].decode(),
        serialized=record,
        frames=np.array(values[features.TRACK_FRAMES].bytes_list.value, dtype=np.object_),
        present=np.array(values[features.FRAME_PRESENT].int64_list.value, dtype=np.int64),
        preprocessing_hash=values[features.PREPROCESSING_HASH].bytes_list.value[0].decode(),
    )


class Client:
    """Calls one model of a server; every method but `state` may raise grpc.RpcError."""

    def __init__(self, address: str, model_name: str) -> None:
        self._channel = grpc.insecure_channel(address, options=_UNLIMITED)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._model = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._name = model_name

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def state(self) -> int:
        """State of the served version, of `ModelVersionStatus`; UNKNOWN without an answer."""
        try:
            return int(self._status().state)
        except grpc.RpcError:
            return int(get_model_status_pb2.ModelVersionStatus.UNKNOWN)

    def load_error(self) -> str:
        """Why the version could not be loaded; empty if it could."""
        message: str = self._status().status.error_message
        return message

    def signature_names(self, timeout_seconds: float) -> set[str]:
        """Names of the model's signatures."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=model_pb2.ModelSpec(name=self._name), metadata_field=[_METADATA_FIELD]
        )
        response = self._prediction.GetModelMetadata(request, timeout=timeout_seconds)
        described = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[_METADATA_FIELD].Unpack(described)
        return {name for name in described.signature_def if not name.startswith("__")}

    def predict(
        self, signature: str, inputs: Mapping[str, npt.NDArray[Any]], timeout_seconds: float
    ) -> Arrays:
        """Calls a signature with one array per input; gives one per output."""
        request = predict_pb2.PredictRequest(
            model_spec=model_pb2.ModelSpec(name=self._name, signature_name=signature)
        )
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        response = self._prediction.Predict(request, timeout=timeout_seconds)
        return {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}

    def _status(self) -> Any:
        request = get_model_status_pb2.GetModelStatusRequest(
            model_spec=model_pb2.ModelSpec(name=self._name)
        )
        response = self._model.GetModelStatus(request, timeout=_STATUS_TIMEOUT_SECONDS)
        return response.model_version_status[0]
