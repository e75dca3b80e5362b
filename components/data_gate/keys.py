"""Names of DataGate's channels, parameters and files."""

from typing import Final

ANOMALIES: Final = "anomalies"
STATISTICS: Final = "statistics"
MANIFEST: Final = "manifest"
EXAMPLES: Final = "examples"
LETTERS_VALIDATOR: Final = "letters_validator"
LETTERS_EXTRACTOR: Final = "letters_extractor"
REPORT: Final = "report"

LIMITS: Final = "limits"
CODE_FINGERPRINT: Final = "code_fingerprint"

VIDEOS_FILE: Final = "videos.jsonl"  # of the manifest artifact
TRACK_INDEX_FILE: Final = "track-index.jsonl"  # of the examples artifact
REPORT_FILE: Final = "report.json"
