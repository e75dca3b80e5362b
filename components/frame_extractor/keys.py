"""Names shared by the component, its executor and readers of its artifacts."""

from typing import Final

from components import fingerprint

# Inputs, outputs and parameters.
MANIFEST: Final = "manifest"
EXAMPLES: Final = "examples"
DEAD_LETTERS: Final = "dead_letters"
CLIP_SPEC: Final = "clip_spec"
FACE_CONFIG: Final = "face_config"
TIMEOUT_SECONDS: Final = "timeout_seconds"
PREPROCESSING: Final = "preprocessing"
CODE_FINGERPRINT: Final = fingerprint.PARAMETER

# Files.
FILE_PREFIX: Final = "tracks"
FILE_FORMAT: Final = "tfrecords_gzip"  # as TFX spells it

# Custom properties of the Examples.
NUM_TRACKS: Final = "num_tracks"
NUM_VIDEOS: Final = "num_videos"
NUM_AMBIGUOUS_VIDEOS: Final = "num_ambiguous_videos"  # see `schemas.track_index.counted`
