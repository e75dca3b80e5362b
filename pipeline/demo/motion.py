"""What a person, the light and the camera do during a take: smooth seeded signals over time."""

import dataclasses

import numpy as np

from pipeline.demo.warp import FloatArray


@dataclasses.dataclass(frozen=True, kw_only=True)
class Performance:
    """Signals of T frames, each [T] float64.

    Attributes:
      mouth: How far the mouth is open, from -1 (lips closed over the teeth) to 1 (wide open).
      lids: How far the eyes are closed, from 0 (open) to 1 (closed).
      sway, nod: Of the head on the shoulders, right and down, in canvas pixels.
      roll: Rotation of the head about the chin, in radians.
      yaw, pitch: Of the inner face against the head's outline, in canvas pixels.
      pan, tilt: Of the camera, in pixels of the frame.
      zoom: Magnification of the camera, as a factor.
      spin: Rotation of the camera about its axis, in radians.
      light_x, light_y: Slope of the light's logarithm over half a frame, to the right and down.
      light: Brightness as a factor.
    """

    mouth: FloatArray
    lids: FloatArray
    sway: FloatArray
    nod: FloatArray
    roll: FloatArray
    yaw: FloatArray
    pitch: FloatArray
    pan: FloatArray
    tilt: FloatArray
    zoom: FloatArray
    spin: FloatArray
    light_x: FloatArray
    light_y: FloatArray
    light: FloatArray


def perform(rng: np.random.Generator, times: FloatArray) -> Performance:
    """Draws a performance at `times` [T], in seconds."""
    return Performance(
        mouth=speak(rng, times),
        lids=_blinks(rng, times),
        sway=4 * _wander(rng, times, (0.2, 0.9)),
        nod=3 * _wander(rng, times, (0.3, 1.1)),
        roll=0.06 * _wander(rng, times, (0.2, 0.8)),
        yaw=5 * _wander(rng, times, (0.2, 0.8)),
        pitch=3 * _wander(rng, times, (0.3, 1.0)),
        pan=6 * _wander(rng, times, (0.1, 0.5)) + 0.5 * _wander(rng, times, (2, 6)),
        tilt=5 * _wander(rng, times, (0.1, 0.5)) + 0.5 * _wander(rng, times, (2, 6)),
        zoom=1 + 0.03 * _wander(rng, times, (0.05, 0.3)),
        spin=0.02 * _wander(rng, times, (0.1, 0.6)),
        light_x=rng.uniform(-0.3, 0.3) + 0.12 * _wander(rng, times, (0.1, 0.7)),
        light_y=rng.uniform(-0.15, 0.25) + 0.06 * _wander(rng, times, (0.1, 0.7)),
        light=rng.uniform(0.85, 1.08) * (1 + 0.05 * _wander(rng, times, (0.2, 1.5))),
    )


def speak(rng: np.random.Generator, times: FloatArray) -> FloatArray:
    """Mouth of a talking person at `times` [T]: syllables of 2 to 5 Hz, in [-1, 1]."""
    syllables = _wander(rng, times, (2.0, 5.0))
    phrases = _wander(rng, times, (0.4, 1.0))
    return np.clip(0.9 * syllables + 0.4 * phrases, -1, 1)


def _wander(
    rng: np.random.Generator, times: FloatArray, band_hz: tuple[float, float], parts: int = 4
) -> FloatArray:
    """Sum of sinusoids with drawn frequencies and phases, mostly in [-1, 1]."""
    frequencies = rng.uniform(*band_hz, parts)
    phases = rng.uniform(0, 2 * np.pi, parts)
    waves = np.sin(2 * np.pi * np.outer(times, frequencies) + phases)
    return np.asarray(waves.sum(axis=1) / np.sqrt(parts))


def _blinks(rng: np.random.Generator, times: FloatArray) -> FloatArray:
    """Closed lids for about a quarter of a second, every two seconds or so."""
    lids = np.zeros(len(times))
    moment = rng.uniform(0.2, 1.5)
    while moment < times[-1]:
        lids = np.maximum(lids, np.cos(np.clip((times - moment) / 0.14, -1, 1) * np.pi / 2) ** 2)
        moment += rng.uniform(1.2, 3.0)
    return lids
