"""The frames of a planned video, pristine or forged, from its seed alone."""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.demo import faces, motion, scene
from pipeline.demo.forgeries import FAMILIES, Forger
from pipeline.demo.plan import Parameters, Video
from pipeline.demo.portrait import ByteImage
from pipeline.demo.scene import Puppet, Take
from pipeline.demo.warp import FloatArray, FloatImage

# Streams of random numbers below the seed; each video draws from its own.
_FACE, _TAKE, _NOISE, _FORGERY = range(4)


class _Footage(NamedTuple):
    """A take as recorded.

    Attributes:
      take: What was filmed.
      frames: T frames, each [256, 256, 3] uint8 RGB, with the sensor's noise.
      triangles: T times eyes and mouth, [3, 2] float64 (x, y) in frame pixels.
    """

    take: Take
    frames: list[ByteImage]
    triangles: list[FloatArray]


def frames(video: Video, parameters: Parameters) -> Iterator[ByteImage]:
    """Yields the frames of a video, [256, 256, 3] uint8 RGB, in display order.

    A forgery is made from the recorded frames of its take, noise and all, and both are encoded
    once: nothing but the forgery tells them apart.
    """
    footage = _record(parameters, video.identity, video.take)
    if video.family is None:
        yield from footage.frames
        return
    number = FAMILIES.index(video.family)
    forger = Forger(
        video.family,
        footage.take,
        _puppet(parameters.seed, video.donor),
        times=_times(parameters),
        rng=_generator(parameters, _FORGERY, video.identity, video.take, number),
    )
    for index, (frame, triangle) in enumerate(zip(footage.frames, footage.triangles, strict=True)):
        forged = forger.forge(frame.astype(np.float32), triangle, index)
        yield _to_bytes(forged)


@functools.lru_cache(maxsize=1)  # A take and its forgeries are made one after the other.
def _record(parameters: Parameters, identity: int, number: int) -> _Footage:
    """Films one take of an identity."""
    rng = _generator(parameters, _TAKE, identity, number)
    stage, performance = scene.make_stage(rng), motion.perform(rng, _times(parameters))
    take = Take(_puppet(parameters.seed, identity), stage, performance)
    sensor = _generator(parameters, _NOISE, identity, number)
    footage = _Footage(take, [], [])
    for index in range(parameters.num_frames):
        shot = scene.film(take, index)
        footage.frames.append(_to_bytes(scene.expose(stage, shot.frame, sensor)))
        footage.triangles.append(shot.triangle)
    return footage


@functools.lru_cache(maxsize=4)
def _puppet(seed: int, identity: int) -> Puppet:
    return Puppet(faces.make_face(np.random.default_rng([seed, _FACE, identity])))


def _generator(parameters: Parameters, stream: int, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([parameters.seed, stream, *numbers])


def _times(parameters: Parameters) -> FloatArray:
    """Of the frames, [T] float64, in seconds."""
    return np.arange(parameters.num_frames) / parameters.fps


def _to_bytes(frame: FloatImage) -> ByteImage:
    return np.clip(frame + 0.5, 0, 255).astype(np.uint8)
