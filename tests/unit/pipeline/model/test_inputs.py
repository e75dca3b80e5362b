"""Reading splits, and the clips that come out of them."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from coded import raises_code

from pipeline.model import inputs
from pipeline.model.decoding import decode_crops
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS
from pipeline.model.losses import IGNORED
from pipeline.model.tracks import read_tracks, single_hash
from schemas import features


def take(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def test_tracks_are_described_in_file_order(train_tracks, clip):
    assert train_tracks.is_fake.tolist() == [False, True] * 6
    assert train_tracks.record_keys[1] == "made/swap/001"
    assert train_tracks.video_keys[1] == "made/swap/001/0"
    assert train_tracks.present.shape == (12, clip.num_clips, clip.num_frames)
    assert (train_tracks.present == 0).sum() == 12
    assert train_tracks.clip_labels.tolist() == [0, 0, 1, 1] * 6


def test_the_digest_follows_the_content_and_not_its_order(
    tmp_path, clip, make_example, write_split
):
    made = [make_example(np.random.default_rng(i), clip, i, i % 2 == 1) for i in range(3)]
    digests = [
        read_tracks("train", [write_split(tmp_path / name, "train", some)], clip).digest
        for name, some in (("a", made), ("b", made[::-1]), ("c", made[:2]))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(("is_fake", "missing"), [(True, "pristine"), (False, "fake")])
def test_a_split_of_one_class_is_refused(
    tmp_path, clip, make_example, write_split, is_fake, missing
):
    one = make_example(np.random.default_rng(0), clip, 0, is_fake)
    with raises_code("missing_class", match=f"split val .* none is {missing}"):
        read_tracks("val", [write_split(tmp_path, "val", [one])], clip)


def test_an_empty_split_is_refused(tmp_path, clip, write_split):
    with raises_code("missing_class", match="0 tracks"):
        read_tracks("val", [write_split(tmp_path, "val", [])], clip)


def test_examples_of_two_preprocessing_hashes_are_refused(
    tmp_path, train_tracks, clip, make_example, write_split
):
    other = {features.PREPROCESSING_HASH: "cd" * 32}
    made = [make_example(np.random.default_rng(i), clip, i, i == 1, **other) for i in range(2)]
    changed = read_tracks("val", [write_split(tmp_path, "val", made)], clip)
    assert single_hash([train_tracks]) == "ab" * 32
    with raises_code("mixed_preprocessing", match="2 preprocessing hashes"):
        single_hash([train_tracks, changed])


def test_clips_in_order_are_the_decoded_crops(train_tracks, clip):
    batches = take(inputs.clips_in_order(train_tracks, 5), -1)
    frames = np.concatenate([one[0][0] for one in batches])
    present = np.concatenate([one[0][1] for one in batches])
    record = next(iter(tf.data.TFRecordDataset(train_tracks.files, "GZIP")))
    jpegs = tf.train.Example.FromString(record.numpy()).features.feature[features.TRACK_FRAMES]
    decoded = decode_crops(tf.constant(list(jpegs.bytes_list.value)), clip.crop_size)
    assert frames.shape == (24, 4, 32, 32, 3)
    np.testing.assert_array_equal(frames[:2].reshape(8, 32, 32, 3), decoded)
    np.testing.assert_array_equal(present, train_tracks.clip_present)


def test_augmented_copies_keep_the_order(train_tracks):
    plain, altered = (
        np.concatenate(
            [one[0][0] for one in take(inputs.clips_in_order(train_tracks, 8, strength=s), -1)]
        ).astype(float)
        for s in (0, 0.5)
    )
    assert (plain != altered).mean() > 0.3
    assert abs(plain.mean((1, 2, 3, 4)) - altered.mean((1, 2, 3, 4))).max() < 40


def test_batches_are_half_pristine_half_fake_whatever_the_split_holds(
    tmp_path, clip, make_example, write_split
):
    made = [make_example(np.random.default_rng(i), clip, i, i == 0) for i in range(7)]
    tracks = read_tracks("train", [write_split(tmp_path, "train", made)], clip)
    for _, goals in take(inputs.balanced_clips(tracks, 4, strength=0, seed=0), 5):
        assert sorted(goals[CLIP_LOGIT].tolist()) == [0, 0, 1, 1]


def test_the_stream_follows_from_the_seed_and_goes_on_elsewhere(train_tracks):
    def frames(**changes):
        arguments = {"strength": 0, "seed": 3} | changes
        return take(inputs.balanced_clips(train_tracks, 4, **arguments), 2)[1][0][0]

    np.testing.assert_array_equal(frames(strength=1), frames(strength=1))
    assert (frames() != frames(seed=4)).any()
    assert (frames() != frames(skip=8)).any()


def test_targets_of_absent_frames_are_ignored(train_tracks):
    (_, present), goals = take(inputs.balanced_clips(train_tracks, 12, strength=0, seed=0), 1)[0]
    np.testing.assert_array_equal(goals[FRAME_LOGITS] == IGNORED, present == 0)
    assert (present == 0).any()


def test_training_draws_clips_that_show_a_face(tmp_path, clip, make_example, write_split):
    half = {features.FRAME_PRESENT: np.array([0, 0, 0, 0, 1, 1, 1, 1])}
    made = [make_example(np.random.default_rng(i), clip, i, i == 1, **half) for i in range(2)]
    tracks = read_tracks("train", [write_split(tmp_path, "train", made)], clip)
    for (_, present), _ in take(inputs.balanced_clips(tracks, 4, strength=0, seed=0), 5):
        assert present.all()


def test_every_clip_of_a_track_is_drawn(train_tracks, clip):
    seen = set()
    for (frames, _), _ in take(inputs.balanced_clips(train_tracks, 12, strength=0, seed=0), 12):
        seen |= {one.tobytes() for one in frames}
    assert len(seen) == train_tracks.num_clips


def test_stored_features_are_balanced_and_keep_their_masks():
    values = np.arange(5, dtype=np.float16)[:, None, None] * np.ones((5, 3, 2), np.float16)
    present = np.ones((5, 3), np.float32)
    present[:, 1] = 0
    is_fake = np.array([0, 0, 0, 0, 1], np.float32)
    stream = inputs.balanced_features(values, present, is_fake, 4, seed=0)
    for (some, mask), goals in take(stream, 6):
        assert some.dtype == np.float32
        np.testing.assert_array_equal(goals[CLIP_LOGIT], some[:, 0, 0] == 4)
        assert goals[CLIP_LOGIT].sum() == 2
        np.testing.assert_array_equal(mask, present[:4])


def test_examples_of_another_geometry_are_refused(patterns, clip):
    longer = dataclasses.replace(clip, num_frames=5)
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_tracks("train", patterns["train"], longer)
