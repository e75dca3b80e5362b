"""JPEG, as face crops are stored and sent."""

import cv2
import numpy as np
from numpy.typing import NDArray


def encode(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """Encodes [H, W, 3] uint8 RGB at `quality` (1 to 100)."""
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not ok:
        raise ValueError(f"cannot encode an array of shape {pixels.shape} as JPEG")
    return bytes(data)


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decodes to [H, W, 3] uint8 RGB.

    Raises:
      ValueError: The bytes are no picture.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if pixels is None:
        raise ValueError(f"{len(data)} bytes that are no JPEG")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
