"""Face crops: the square around a box, cut out at full resolution, resized, stored as JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray


def crop(
    frame: NDArray[np.uint8], box: NDArray[np.float64], *, margin: float, size: int
) -> NDArray[np.uint8]:
    """Cuts out the square around the centre of `box` and resizes it.

    Beyond the picture its border pixels are repeated: black bars would tell apart videos by
    how tightly they are framed. The crop comes before the resize, which costs less and
    leaves the pixels of the face untouched by what surrounds it.

    Args:
      frame: [H, W, 3] uint8 RGB.
      box: [4] x, y, width, height in pixels.
      margin: Side of the square over the longer side of the box.
      size: Height and width of the result, in pixels.

    Returns:
      [size, size, 3] uint8 RGB.
    """
    height, width = frame.shape[:2]
    side = max(2, round(float(max(box[2:])) * margin))
    left = round(float(np.clip(box[0] + box[2] / 2, 0, width - 1)) - side / 2)
    top = round(float(np.clip(box[1] + box[3] / 2, 0, height - 1)) - side / 2)
    inside = frame[max(top, 0) : top + side, max(left, 0) : left + side]
    above, before = max(-top, 0), max(-left, 0)
    square = cv2.copyMakeBorder(
        inside,
        above,
        side - above - inside.shape[0],
        before,
        side - before - inside.shape[1],
        cv2.BORDER_REPLICATE,
    )
    # INTER_AREA averages when shrinking; when enlarging it would show blocks.
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(square, (size, size), interpolation=method)


def sharpness(pixels: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of the luma of [H, W, 3] uint8 RGB; higher is sharper."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_64F).var())


def encode_jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """Encodes [H, W, 3] uint8 RGB at `quality` (1 to 100)."""
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not ok:
        raise ValueError(f"cannot encode an array of shape {pixels.shape} as JPEG")
    return bytes(data)
