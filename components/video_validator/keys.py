"""Names of VideoValidator's channels, parameters and files."""

from typing import Final

MANIFEST_PATH: Final = "manifest_path"
VIDEOS_ROOT: Final = "videos_root"
RULES: Final = "rules"
SPLITS: Final = "splits"
CODE_FINGERPRINT: Final = "code_fingerprint"
INPUT_FINGERPRINT: Final = "input_fingerprint"  # set by the driver

MANIFEST: Final = "manifest"
DEAD_LETTERS: Final = "dead_letters"

VIDEOS_FILE: Final = "videos.jsonl"  # of the manifest artifact
SPLITS_FILE: Final = "splits.json"
