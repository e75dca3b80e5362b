"""Four forgery families, each a mechanism of real deepfakes on a small scale.

A forger works as face-manipulation tools do: it aligns the face of each filmed frame by its
landmarks, alters the aligned crop, and blends the result back under a soft mask. All traces come
from that: lost resolution, seams, colour mismatch, missing sensor noise, unsteady geometry.
"""

import dataclasses
from collections.abc import Callable
from typing import Final, NamedTuple

import cv2
import numpy as np

from pipeline.demo import motion, portrait, scene, warp
from pipeline.demo.scene import FRAME_SIDE, Puppet, Take
from pipeline.demo.warp import FloatArray, FloatImage

CROP_SIDE: Final = 112  # of the aligned crop, in pixels
_CROP_SPAN: Final = 116.0  # pixels of the portrait that it covers
_CROP_SCALE: Final = CROP_SIDE / _CROP_SPAN
_CROP_ORIGIN: Final = (portrait.NOSE[0] - _CROP_SPAN / 2, 70.0)
_JITTER: Final = 0.4  # pixels, error of the forger's landmarks

# Turns (aligned target, aligned driving face, random numbers) into the forged crop, each crop
# [112, 112, 3] float32 RGB in [0, 255].
Alter = Callable[[FloatImage, FloatImage, np.random.Generator], FloatImage]

# Makes the take whose face drives the forgery, from (target take, donor, random numbers, times).
Drive = Callable[[Take, Puppet, np.random.Generator, FloatArray], Take]

_SKIN: Final = (slice(28, 98), slice(28, 84))  # of a crop: what colours are compared on
_KERNEL: Final = np.array([0.47, 1.0, 0.47], np.float32)


class Ellipse(NamedTuple):
    """Region of an aligned crop, in its pixels, with a Gaussian edge."""

    centre: tuple[int, int]
    axes: tuple[int, int]
    feather: float

    def mask(self) -> FloatImage:
        """The region as [112, 112] float32 in [0, 1]."""
        drawn = np.zeros((CROP_SIDE, CROP_SIDE), np.float32)
        cv2.ellipse(drawn, self.centre, self.axes, 0, 0, 360, 1.0, -1)
        return np.asarray(cv2.GaussianBlur(drawn, (0, 0), self.feather))


@dataclasses.dataclass(frozen=True)
class Family:
    """A manipulation method.

    Attributes:
      method: Name of the family in the manifest.
      kind: One of `schemas.taxonomy.MANIPULATION_TYPES`.
      drive: Films the driving face.
      alter: Forges one aligned crop.
      region: Part of the face where the forged crop replaces the target.
      uses_donor: Whether the result shows the face of another identity.
    """

    method: str
    kind: str
    drive: Drive
    alter: Alter
    region: Ellipse
    uses_donor: bool = False


class Forger:
    """Applies one family to one take."""

    def __init__(
        self,
        family: Family,
        take: Take,
        donor: Puppet,
        *,
        times: FloatArray,
        rng: np.random.Generator,
    ) -> None:
        self._family, self._rng = family, rng
        self._take, self._driving = take, family.drive(take, donor, rng, times)
        self._mask = family.region.mask()

    def forge(self, frame: FloatImage, triangle: FloatArray, index: int) -> FloatImage:
        """Forges one frame of the take.

        Args:
          frame: Frame `index` as recorded, [256, 256, 3] float32 RGB in [0, 255].
          triangle: Where the eyes and the mouth of the target are, [3, 2] float64 (x, y), in
            pixels.
          index: Number of the frame.

        Returns:
          The forged frame, [256, 256, 3] float32 RGB; may leave [0, 255] a little.
        """
        own, matrix = align(frame, self._detected(triangle))
        driving = own
        if self._driving is not self._take:
            shot = scene.film(self._driving, index)
            driving, _ = align(shot.frame, self._detected(shot.triangle))
        return blend(frame, self._family.alter(own, driving, self._rng), self._mask, matrix)

    def _detected(self, triangle: FloatArray) -> FloatArray:
        """Landmarks as a detector reports them: each frame with its own error."""
        return triangle + self._rng.normal(0, _JITTER, triangle.shape)


def align(frame: FloatImage, triangle: FloatArray) -> tuple[FloatImage, FloatArray]:
    """Cuts the face at `triangle` [3, 2] out of a frame [H, W, 3].

    Returns:
      The crop [112, 112, 3] and the [2, 3] similarity from frame to crop.
    """
    reference = np.array([portrait.RIGHT_EYE, portrait.LEFT_EYE, portrait.MOUTH])
    matrix = _similarity(triangle, (reference - _CROP_ORIGIN) * _CROP_SCALE)
    crop = cv2.warpAffine(frame, matrix, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR)
    return crop, matrix


def blend(frame: FloatImage, crop: FloatImage, mask: FloatImage, matrix: FloatArray) -> FloatImage:
    """Puts a forged crop back into its frame [H, W, 3], under the mask [112, 112]."""
    size, flags = (FRAME_SIDE, FRAME_SIDE), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back = cv2.warpAffine(crop, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    weight = warp.rgb(cv2.warpAffine(mask, matrix, size, flags=flags))
    return np.asarray(frame + weight * (back - frame))


def _similarity(source: FloatArray, target: FloatArray) -> FloatArray:
    """Least-squares rotation, scale and shift [2, 3] of points [n, 2] (Umeyama, 1991)."""
    mean_s, mean_t = source.mean(axis=0), target.mean(axis=0)
    s, t = source - mean_s, target - mean_t
    norm = (s**2).sum()
    a = (s * t).sum() / norm
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / norm
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, mean_t - linear @ mean_s])


def _swap_face(own: FloatImage, driving: FloatImage, rng: np.random.Generator) -> FloatImage:
    """The donor's face from a 56-pixel generator, its colours moved to the target's."""
    del rng
    made = _bottleneck(driving, 56)
    pixels, wanted = (crop[_SKIN].reshape(-1, 3) for crop in (made, own))
    gain = np.clip(wanted.std(axis=0) / np.maximum(pixels.std(axis=0), 1), 0.8, 1.2)
    return np.asarray((made - pixels.mean(axis=0)) * gain + wanted.mean(axis=0), np.float32)


def _sync_lips(own: FloatImage, driving: FloatImage, rng: np.random.Generator) -> FloatImage:
    """A mouth that says something else, from a 40-pixel generator with unsteady exposure."""
    del own
    return _bottleneck(driving, 40) * np.float32(rng.normal(1.08, 0.04))


def _warp_flicker(own: FloatImage, driving: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Reenactment without temporal coherence: each frame has its own small warp and exposure."""
    del driving
    centres = rng.uniform(0.2, 0.8, (6, 2)) * CROP_SIDE
    pulls = rng.normal(0, 3.6, (6, 2))

    def wobble(points: FloatArray) -> FloatArray:
        falls = (warp.gaussian(points, centre, 11.0)[..., None] for centre in centres)
        return np.asarray(sum(f * p for f, p in zip(falls, pulls, strict=True)))

    sources = warp.source_map(CROP_SIDE, wobble, np.eye(3))
    warped = cv2.remap(own, sources, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped * np.float32(rng.normal(1, 0.06)))


def _generate(own: FloatImage, driving: FloatImage, rng: np.random.Generator) -> FloatImage:
    """The head from a 40-pixel latent image by a strided transposed convolution.

    Its 3 x 3 kernel does not sum alike over even and odd pixels, which leaves a checkerboard
    (Odena et al., "Deconvolution and checkerboard artifacts", 2016).
    """
    del driving, rng
    latent = cv2.resize(own, (40, 40), interpolation=cv2.INTER_AREA)
    spread = np.zeros((80, 80, 3), np.float32)
    spread[::2, ::2] = latent
    made = cv2.sepFilter2D(spread, -1, _KERNEL, _KERNEL) * np.float32(4 / _KERNEL.sum() ** 2)
    return np.asarray(cv2.resize(made, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR))


def _bottleneck(crop: FloatImage, side: int) -> FloatImage:
    """What survives of a crop in a generator that works on `side` pixels."""
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR))


def _itself(take: Take, donor: Puppet, rng: np.random.Generator, times: FloatArray) -> Take:
    del donor, rng, times
    return take


def _donor(take: Take, donor: Puppet, rng: np.random.Generator, times: FloatArray) -> Take:
    del rng, times
    return dataclasses.replace(take, puppet=donor)


def _speech(take: Take, donor: Puppet, rng: np.random.Generator, times: FloatArray) -> Take:
    del donor
    said = dataclasses.replace(take.performance, mouth=motion.speak(rng, times))
    return dataclasses.replace(take, performance=said)


_INNER: Final = Ellipse((56, 58), (36, 44), feather=3.0)
_LOWER: Final = Ellipse((56, 80), (33, 24), feather=1.5)
_WHOLE: Final = Ellipse((56, 54), (48, 54), feather=3.0)
FAMILIES: Final = (
    Family("demo_face_swap", "face_swap", _donor, _swap_face, _INNER, uses_donor=True),
    Family("demo_lip_sync", "lip_sync", _speech, _sync_lips, _LOWER),
    Family("demo_warp_flicker", "reenactment", _itself, _warp_flicker, _INNER),
    Family("demo_low_res", "entire_synthesis", _itself, _generate, _WHOLE),
)
