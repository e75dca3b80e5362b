"""The one photograph that every demo identity is made from, with hand-marked regions.

The portrait is `skimage.data.astronaut()` (NASA, public domain): Eileen Collins, 512 x 512
pixels. All coordinates below are (x, y) in its pixels.
"""

import dataclasses
import functools
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
ByteImage = npt.NDArray[np.uint8]
Outline = tuple[tuple[int, int], ...]

SIDE: Final = 512
RIGHT_EYE: Final = (203.0, 101.0)  # the person's right, the viewer's left
LEFT_EYE: Final = (246.0, 103.0)
NOSE: Final = (224.0, 124.0)
MOUTH: Final = (224.0, 149.0)  # middle of the lower edge of the upper teeth
RIGHT_CORNER: Final = (203.0, 140.0)  # of the mouth
LEFT_CORNER: Final = (245.0, 140.0)
CHIN: Final = (224.0, 179.0)
LANDMARKS: Final = (RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_CORNER, LEFT_CORNER, CHIN)

# fmt: off
_FIGURE: Final[Outline] = (
    (155, 68), (160, 58), (169, 50), (183, 40), (191, 36), (195, 31), (206, 24), (220, 20),
    (231, 18), (243, 20), (257, 25), (274, 33), (285, 42), (293, 56), (297, 72), (299, 86),
    (297, 99), (292, 110), (282, 120), (274, 129), (269, 134), (264, 136), (263, 145), (257, 158),
    (254, 169), (254, 175), (268, 180), (281, 191), (293, 206), (300, 222), (303, 238), (320, 246),
    (338, 258), (350, 280), (358, 320), (364, 400), (380, 511), (12, 511), (24, 440), (36, 340),
    (44, 290), (60, 254), (84, 234), (116, 214), (114, 196), (120, 178), (136, 160), (156, 152),
    (186, 151), (185, 142), (184, 131), (178, 129), (173, 119), (168, 113), (160, 103), (157, 90),
)
_FACE: Final[Outline] = (
    (186, 76), (196, 78), (206, 82), (222, 80), (236, 83), (248, 87), (262, 90), (267, 97),
    (268, 112), (268, 126), (274, 127), (268, 136), (264, 136), (263, 147), (257, 160), (248, 170),
    (236, 177), (224, 180), (212, 177), (200, 168), (189, 154), (185, 142), (184, 131), (176, 126),
    (172, 118), (180, 116), (182, 100), (184, 88),
)
_NECK: Final[Outline] = (
    (186, 152), (200, 168), (224, 180), (248, 171), (257, 158), (255, 180), (252, 186), (236, 190),
    (212, 187), (194, 184), (187, 176),
)
_HEAD: Final[Outline] = (
    *_FIGURE[:25], (254, 176), (236, 190), (212, 187), (188, 178), *_FIGURE[-8:],
)
_TEETH: Final[Outline] = (
    (204, 140), (214, 142), (224, 143), (236, 142), (244, 140), (238, 146), (230, 149), (222, 150),
    (214, 148),
)
_RIGHT_EYELIDS: Final[Outline] = (
    (193, 102), (198, 98), (205, 98), (212, 102), (205, 105), (198, 105),
)
_LEFT_EYELIDS: Final[Outline] = (
    (237, 104), (243, 100), (250, 100), (257, 104), (251, 107), (243, 107),
)
# fmt: on


@dataclasses.dataclass(frozen=True)
class Portrait:
    """The photograph and soft masks of its parts, each mask [512, 512] float32 in [0, 1].

    Attributes:
      pixels: [512, 512, 3] uint8 RGB.
      figure: The person, without helmet and background.
      skin: Face and neck, without eyes and teeth.
      hair: The head above the skin.
      features: Eyes and teeth.
    """

    pixels: ByteImage
    figure: FloatImage
    skin: FloatImage
    hair: FloatImage
    features: FloatImage


@functools.cache
def load() -> Portrait:
    """Reads the portrait that scikit-image ships and draws its masks; the same object each time."""
    import skimage.data  # Costs a second that planning a dataset need not pay.

    bare = _mask(2.0, _FACE, _NECK)
    features = _mask(1.0, _TEETH, _RIGHT_EYELIDS, _LEFT_EYELIDS)
    return Portrait(
        pixels=np.ascontiguousarray(skimage.data.astronaut()),
        figure=_mask(1.2, _FIGURE),
        skin=bare * (1 - features),
        hair=np.clip(_mask(1.5, _HEAD) - bare, 0, 1),
        features=features,
    )


def _mask(feather: float, *outlines: Outline) -> FloatImage:
    """Union of filled polygons, its edge a Gaussian step of `feather` pixels."""
    drawn = np.zeros((SIDE, SIDE), np.float32)
    for outline in outlines:
        cv2.fillPoly(drawn, [np.array(outline, np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), feather), np.float32)
