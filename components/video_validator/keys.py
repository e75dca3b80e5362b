"""Names of VideoValidator's channels, parameters and files."""

from typing import Final

from components import fingerprint

MANIFEST_PATH: Final = "manifest_path"
VIDEOS_ROOT: Final = "videos_root"
RULES: Final = "rules"
SPLITS: Final = "splits"
ERASED_LIST: Final = "erased_list"
CODE_FINGERPRINT: Final = fingerprint.PARAMETER
INPUT_FINGERPRINT: Final = "input_fingerprint"  # set by the driver

MANIFEST: Final = "manifest"
DEAD_LETTERS: Final = "dead_letters"

SPLITS_FILE: Final = "splits.json"
