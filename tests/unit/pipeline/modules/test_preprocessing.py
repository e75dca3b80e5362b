"""Transform with the shipped schema, by TFX's own executor: what passes, what is derived."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from pipeline.modules.trainer import ExampleTransform
from schemas import features


def read(examples, split):
    pattern = f"{examples.uri}/Split-{split}/*"
    files = tf.io.gfile.glob(pattern)
    return [
        tf.train.Example.FromString(record.numpy()).features.feature
        for record in tf.data.TFRecordDataset(files, "GZIP")
    ]


@pytest.fixture(scope="module")
def output(transformed):
    return tft.TFTransformOutput(transformed[0].uri)


def by_key(rows):
    return {row[features.VIDEO_KEY].bytes_list.value[0]: row for row in rows}


def test_every_raw_feature_passes_through_unchanged(transformed, raw_splits):
    for split, records in raw_splits.items():
        before = by_key(tf.train.Example.FromString(one).features.feature for one in records)
        after = by_key(read(transformed[1], split))
        assert after.keys() == before.keys()
        for key, row in before.items():
            assert {name: after[key][name] for name in features.ALL_KEYS} == dict(row)


def test_nothing_is_derived_but_scores_and_ranks(transformed):
    derived = (*features.NUMERIC_KEYS, *features.SLICE_KEYS)
    expected = {*features.ALL_KEYS, *map(features.transformed, derived)}
    assert set(read(transformed[1], "train")[0]) == expected


def test_numeric_context_becomes_its_z_score_over_the_training_split(transformed):
    def values(split, key):
        rows = by_key(read(transformed[1], split))
        return [rows[name][key].float_list.value[0] for name in sorted(rows)]

    raw = np.array(values("train", features.SOURCE_FPS))
    key = features.transformed(features.SOURCE_FPS)
    np.testing.assert_allclose(values("train", key), (raw - raw.mean()) / raw.std(), atol=1e-5)
    assert set(np.round(values("val", key), 5)) == {-1.0, 1.0}
    constant = features.transformed(features.DETECTOR_CONFIDENCE)
    np.testing.assert_allclose(values("train", constant), 0)


def test_slice_keys_become_ranks_in_the_vocabulary_of_the_training_split(transformed, output):
    key = features.transformed(features.MANIPULATION_METHOD)
    vocabulary = output.vocabulary_by_name(features.MANIPULATION_METHOD)
    assert sorted(vocabulary) == [b"original", b"swap"]
    for row in read(transformed[1], "val"):
        method = row[features.MANIPULATION_METHOD].bytes_list.value[0]
        assert row[key].int64_list.value[0] == vocabulary.index(method)


def test_the_exported_transform_agrees_with_the_materialized_examples(
    transformed, output, raw_splits
):
    answers = ExampleTransform(output)(tf.constant(raw_splits["val"]))
    expected = by_key(read(transformed[1], "val"))
    rows = [expected[key] for key in answers[features.VIDEO_KEY].numpy()[:, 0]]
    for key in (features.transformed(name) for name in features.NUMERIC_KEYS):
        np.testing.assert_allclose(answers[key][:, 0], [r[key].float_list.value[0] for r in rows])
    for key in (features.IS_FAKE, features.transformed(features.MANIPULATION_METHOD)):
        np.testing.assert_array_equal(
            answers[key][:, 0], [row[key].int64_list.value[0] for row in rows]
        )


def test_the_exported_transform_answers_without_frames(output, raw_splits):
    answers = ExampleTransform(output)(tf.constant(raw_splits["val"]))
    assert not {*features.MODEL_KEYS, features.FRAME_TIMES} & set(answers)
    assert {value.shape[1] for value in answers.values()} == {1}


def test_an_unlabelled_example_and_an_unseen_value_are_answered(output, raw_splits):
    message = tf.train.Example.FromString(raw_splits["val"][0])
    del message.features.feature[features.IS_FAKE]
    message.features.feature[features.MANIPULATION_METHOD].bytes_list.value[:] = [b"never seen"]
    answers = ExampleTransform(output)(tf.constant([message.SerializeToString()]))
    assert answers[features.IS_FAKE].numpy().tolist() == [[-1]]
    rank = answers[features.transformed(features.MANIPULATION_METHOD)]
    assert rank.numpy().tolist() == [[2]]
