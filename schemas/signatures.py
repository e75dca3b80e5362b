"""Signatures of the exported SavedModel: what Evaluator, ServingValidator and servers call.

B tracks, N = K x T frames, K clips; see `schemas.clip_spec`.
"""

from typing import Final

from schemas import features

SERVING_DEFAULT: Final = "serving_default"  # JPEG crops of tracks
SERVING_EXAMPLES: Final = "serving_examples"  # serialized tf.train.Example
TRANSFORM_FEATURES: Final = "transform_features"  # serialized examples to transformed features
ALL: Final = (SERVING_DEFAULT, SERVING_EXAMPLES, TRANSFORM_FEATURES)

EXAMPLES: Final = "examples"  # input of the two last: string [B]

# Outputs of the two first.
SCORE: Final = "score"  # float32 [B]: calibrated P(fake) of the track
LOGIT: Final = "logit"  # float32 [B]: calibrated
CLIP_SCORES: Final = "clip_scores"  # float32 [B, K]
FRAME_SCORES: Final = "frame_scores"  # float32 [B, N]
THRESHOLDS: Final = "thresholds"  # float32 [B, 2]: probabilities at 1 % and 5 % FPR
HASH: Final = features.PREPROCESSING_HASH  # string [B]: of the version that answered
SCORING_OUTPUTS: Final = (SCORE, LOGIT, CLIP_SCORES, FRAME_SCORES, THRESHOLDS, HASH)

# Files under assets.extra/ of the SavedModel.
EXTRA_ASSETS: Final = "assets.extra"
DETECTOR_FILE: Final = "detector.json"  # hash, fingerprint, temperature, thresholds, counts
DETECTOR_CLIP: Final = "clip"  # key of the ClipSpec in DETECTOR_FILE
REFERENCE_FILE: Final = "reference.json"  # video_key to score, as the trainer computed them
