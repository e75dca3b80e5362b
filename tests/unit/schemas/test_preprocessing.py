"""Tests of the preprocessing hash."""

import dataclasses

import pytest

from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig
from schemas.preprocessing import preprocessing_hash

ARGUMENTS = {
    "clip": ClipSpec(),
    "faces": FaceConfig(),
    "weights_digest": "w",
    "code_fingerprint": "c",
}


def digest(**changes):
    values = ARGUMENTS | changes
    clip, faces = values.pop("clip"), values.pop("faces")
    return preprocessing_hash(clip, faces, **values)


def test_equal_arguments_give_an_equal_hash():
    assert digest() == digest(clip=ClipSpec(), faces=FaceConfig())
    assert len(digest()) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"clip": ClipSpec(margin=1.4)},
        {"faces": FaceConfig(min_score=0.6)},
        {"weights_digest": "v"},
        {"code_fingerprint": "d"},
        {"weights_digest": "c", "code_fingerprint": "w"},
    ],
)
def test_every_argument_counts(change):
    assert digest(**change) != digest()


@pytest.mark.parametrize("field", dataclasses.fields(ClipSpec), ids=lambda field: field.name)
def test_every_field_of_the_geometry_counts(field):
    spec = dataclasses.replace(
        ClipSpec(), **{field.name: field.default * 1.5 if field.name != "jpeg_quality" else 90}
    )
    assert digest(clip=spec) != digest()
