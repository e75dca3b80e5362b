"""The SavedModel: what its signatures answer, here and where nothing but TensorFlow is imported."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

from pipeline.model import detector, export, inputs, selection
from pipeline.model.detector import CLIP_LOGIT, FRAME_LOGITS
from schemas import features, scoring, signatures

TEMPERATURE = 1.7
THRESHOLDS = (0.9, 0.6)
HASH = "ab" * 32


@pytest.fixture(scope="module")
def built(config, clip):
    tf.random.set_seed(0)
    return detector.build_detector(config, clip)


@pytest.fixture(scope="module")
def folder(built, clip, tmp_path_factory):
    def transform(examples):
        return {features.transformed(features.SOURCE_FPS): tf.zeros([tf.shape(examples)[0], 1])}

    answers = export.Answers(
        temperature=TEMPERATURE, thresholds=THRESHOLDS, preprocessing_hash=HASH
    )
    target = tmp_path_factory.mktemp("exported") / "model"
    export.save(
        export.ScoringModule(built.model, clip, answers, transform),
        target,
        record={"temperature": TEMPERATURE},
        reference={"made/original/000/0": 0.5},
    )
    return target


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(str(folder)).signatures


@pytest.fixture(scope="module")
def serialized(val_tracks):
    return [record.numpy() for record in tf.data.TFRecordDataset(val_tracks.files, "GZIP")]


def raw(serialized):
    parsed = [tf.train.Example.FromString(one).features.feature for one in serialized]
    return {
        features.TRACK_FRAMES: tf.constant(
            [list(one[features.TRACK_FRAMES].bytes_list.value) for one in parsed]
        ),
        features.FRAME_PRESENT: tf.constant(
            [list(one[features.FRAME_PRESENT].int64_list.value) for one in parsed], tf.int64
        ),
    }


def test_there_are_the_documented_signatures_and_no_others(loaded):
    assert set(loaded) == set(signatures.ALL)
    assert set(loaded[signatures.SERVING_DEFAULT].structured_input_signature[1]) == set(
        features.MODEL_KEYS
    )
    for name in (signatures.SERVING_EXAMPLES, signatures.TRANSFORM_FEATURES):
        assert set(loaded[name].structured_input_signature[1]) == {signatures.EXAMPLES}


def test_outputs_have_the_documented_types_and_shapes(loaded, serialized, clip):
    outputs = loaded[signatures.SERVING_DEFAULT](**raw(serialized[:3]))
    assert {name: (value.dtype, tuple(value.shape)) for name, value in outputs.items()} == {
        signatures.SCORE: (tf.float32, (3,)),
        signatures.LOGIT: (tf.float32, (3,)),
        signatures.CLIP_SCORES: (tf.float32, (3, clip.num_clips)),
        signatures.FRAME_SCORES: (tf.float32, (3, clip.total_frames)),
        signatures.THRESHOLDS: (tf.float32, (3, 2)),
        signatures.HASH: (tf.string, (3,)),
    }


def test_scores_are_those_of_the_keras_model(loaded, serialized, built, val_tracks, clip):
    outputs = loaded[signatures.SERVING_DEFAULT](**raw(serialized))
    logits = selection.predict(built.model, inputs.clips_in_order(val_tracks, 8))
    by_clip = logits[CLIP_LOGIT].reshape(-1, clip.num_clips)
    track = scoring.track_logits(by_clip, val_tracks.present) / TEMPERATURE
    frames = logits[FRAME_LOGITS].reshape(-1, clip.total_frames) / TEMPERATURE
    np.testing.assert_allclose(outputs[signatures.LOGIT], track, atol=1e-5)
    np.testing.assert_allclose(outputs[signatures.SCORE], scoring.probabilities(track), atol=1e-6)
    np.testing.assert_allclose(
        outputs[signatures.CLIP_SCORES], scoring.probabilities(by_clip / TEMPERATURE), atol=1e-6
    )
    np.testing.assert_allclose(
        outputs[signatures.FRAME_SCORES], scoring.probabilities(frames), atol=1e-6
    )


def test_the_graph_joins_clips_by_the_rule_of_scoring(loaded, serialized, clip):
    """Whatever is missing: single frames, whole clips, whole tracks."""
    tracks = raw(serialized[:6])
    generator = np.random.default_rng(0)
    present = generator.random((6, clip.num_clips, clip.num_frames)) < 0.3
    present[1, 0], present[2] = False, False
    mask = tf.constant(present.reshape(6, -1), tf.int64)
    outputs = loaded[signatures.SERVING_DEFAULT](**tracks | {features.FRAME_PRESENT: mask})
    by_clip = outputs[signatures.CLIP_SCORES].numpy().astype(np.float64)
    logits = np.log(by_clip) - np.log1p(-by_clip)
    expected = scoring.track_logits(logits, present.astype(np.float32))
    np.testing.assert_allclose(outputs[signatures.LOGIT], expected, atol=1e-4)
    np.testing.assert_allclose(
        outputs[signatures.SCORE], scoring.probabilities(expected), atol=1e-5
    )


def test_serialized_examples_get_the_same_answer(loaded, serialized):
    tracks = loaded[signatures.SERVING_DEFAULT](**raw(serialized))
    examples = loaded[signatures.SERVING_EXAMPLES](examples=tf.constant(serialized))
    for name in signatures.SCORING_OUTPUTS:
        np.testing.assert_array_equal(tracks[name], examples[name])


def test_constants_travel_with_every_answer(loaded, serialized):
    outputs = loaded[signatures.SERVING_EXAMPLES](examples=tf.constant(serialized[:2]))
    np.testing.assert_allclose(outputs[signatures.THRESHOLDS], [THRESHOLDS] * 2)
    assert outputs[signatures.HASH].numpy().tolist() == [HASH.encode()] * 2


def test_a_track_may_have_another_number_of_clips(loaded, serialized, clip):
    whole = raw(serialized[:2])
    first = {key: value[:, : clip.num_frames] for key, value in whole.items()}
    outputs = loaded[signatures.SERVING_DEFAULT](**first)
    together = loaded[signatures.SERVING_DEFAULT](**whole)
    np.testing.assert_allclose(
        outputs[signatures.SCORE], together[signatures.CLIP_SCORES][:, 0], atol=1e-6
    )


def test_a_clip_without_a_face_does_not_move_the_track(loaded, serialized, clip):
    one = raw(serialized[:1])
    mask = one[features.FRAME_PRESENT].numpy()
    mask[:, clip.num_frames :] = 0
    outputs = loaded[signatures.SERVING_DEFAULT](
        **one | {features.FRAME_PRESENT: tf.constant(mask)}
    )
    np.testing.assert_allclose(
        outputs[signatures.SCORE], outputs[signatures.CLIP_SCORES][:, 0], atol=1e-6
    )


def test_a_track_without_any_face_is_neutral_and_finite(loaded, serialized):
    one = raw(serialized[:1])
    nothing = {features.FRAME_PRESENT: tf.zeros_like(one[features.FRAME_PRESENT])}
    outputs = loaded[signatures.SERVING_DEFAULT](**one | nothing)
    assert outputs[signatures.LOGIT].numpy().tolist() == [0.0]
    assert np.isfinite(outputs[signatures.FRAME_SCORES]).all()


def test_a_number_of_frames_that_makes_no_whole_clips_is_refused(loaded, serialized):
    short = {key: value[:, :3] for key, value in raw(serialized[:1]).items()}
    with pytest.raises(tf.errors.InvalidArgumentError, match="multiple of 4"):
        loaded[signatures.SERVING_DEFAULT](**short)


def test_side_files_hold_record_and_reference(folder):
    extra = folder / signatures.EXTRA_ASSETS
    record = json.loads((extra / signatures.DETECTOR_FILE).read_text())
    reference = json.loads((extra / signatures.REFERENCE_FILE).read_text())
    assert record == {"temperature": TEMPERATURE}
    assert reference == {"made/original/000/0": 0.5}


def test_it_answers_in_a_process_that_imports_nothing_but_tensorflow(folder, serialized, loaded):
    expected = loaded[signatures.SERVING_EXAMPLES](examples=tf.constant(serialized[:1]))
    program = textwrap.dedent(
        f"""
        import sys
        import tensorflow as tf
        loaded = tf.saved_model.load({str(folder)!r}).signatures[{signatures.SERVING_EXAMPLES!r}]
        outputs = loaded(examples=tf.constant([sys.stdin.buffer.read()]))
        ours = {{"pipeline", "schemas", "components", "tfx", "tensorflow_transform"}}
        assert not ours & set(sys.modules), ours & set(sys.modules)
        print(float(outputs[{signatures.SCORE!r}][0]))
        """
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=serialized[0], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert float(done.stdout) == pytest.approx(float(expected[signatures.SCORE][0]), abs=1e-6)
