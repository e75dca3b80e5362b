"""Augmentation: one set of parameters per clip, blind to the label, exact at strength 0."""

import inspect

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from pipeline.model import augment


@pytest.fixture(scope="module")
def still():
    """[4, 64, 64, 3] uint8: the same picture four times."""
    picture = skimage.data.astronaut()[20:212:3, 130:322:3]
    return np.stack([picture] * 4)


@pytest.fixture(scope="module")
def alter():
    return tf.function(augment.augment_clip)


def many(alter, clip, seeds, strength=1.0):
    return [alter(clip, tf.constant([7, seed]), strength).numpy() for seed in seeds]


def test_strength_0_returns_the_clip_as_it_is(alter, still):
    np.testing.assert_array_equal(many(alter, still, [3], 0.0)[0], still)


def test_equal_seeds_give_equal_clips_and_other_seeds_others(alter, still):
    first, again, other = many(alter, still, [1, 1, 2])
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_all_frames_of_a_clip_are_altered_alike(alter, still, monkeypatch):
    """Noise alone is fresh in each frame; it is taken out here."""
    monkeypatch.setattr(augment, "_add_noise", lambda pixels, *_: pixels)
    changed = 0
    for altered in many(tf.function(augment.augment_clip), still, range(40)):
        np.testing.assert_array_equal(altered, altered[:1].repeat(4, axis=0))
        changed += int((altered[0] != still[0]).any())
    assert changed > 30


def test_frames_of_a_clip_keep_their_order_and_their_difference(alter, still):
    moving = still.copy()
    moving[2, 20:40, 20:40] = 0
    for altered in many(alter, moving, range(8)):
        gaps = np.abs(altered.astype(float) - altered[:1]).mean(axis=(1, 2, 3))
        assert gaps[2] > 4 * max(gaps[1], gaps[3], 0.1)


def test_the_label_is_no_argument():
    assert list(inspect.signature(augment.augment_clip).parameters) == [
        "frames",
        "seed",
        "strength",
    ]


def test_every_kind_of_change_happens_about_as_often_as_stated(still):
    probabilities = {
        "_rotate": 0.3,
        "_shift_colours": 0.5,
        "_downscale": 0.3,
        "_blur": 0.1,
        "_add_noise": 0.1,
        "_compress": 0.5,
    }
    for name, expected in probabilities.items():
        step = getattr(augment, name)
        extra = (tf.constant([0, 1]),) if name == "_add_noise" else ()
        kind = tf.uint8 if name == "_compress" else tf.float32
        frames = tf.cast(still[:1, ::4, ::4], kind)

        @tf.function(autograph=False)
        def share(step=step, extra=extra, frames=frames):
            def differs(seed):
                draws = augment._Draws(tf.stack([5, seed]))
                return tf.reduce_any(step(frames, draws, 1.0, *extra) != frames)

            changed = tf.map_fn(differs, tf.range(400), tf.bool)
            return tf.reduce_mean(tf.cast(changed, tf.float32))

        assert abs(float(share()) - expected) < 0.08, name


def test_the_strength_widens_the_change(alter, still):
    def mean_change(strength):
        clips = many(alter, still, range(30), strength)
        return np.mean([np.abs(np.sort(c, None) - np.sort(still, None)).mean() for c in clips])

    assert mean_change(0.2) < mean_change(1.0) < mean_change(2.0)


def test_extreme_strength_stays_within_the_pixel_range_and_shape(alter, still):
    for altered in many(alter, still, range(20), 5.0):
        assert altered.dtype == np.uint8
        assert altered.shape == still.shape
