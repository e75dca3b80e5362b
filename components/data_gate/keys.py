"""Names of DataGate's channels, parameters and files."""

from typing import Final

from components import fingerprint

ANOMALIES: Final = "anomalies"
STATISTICS: Final = "statistics"
MANIFEST: Final = "manifest"
EXAMPLES: Final = "examples"
LETTERS_VALIDATOR: Final = "letters_validator"
LETTERS_EXTRACTOR: Final = "letters_extractor"
REPORT: Final = "report"

LIMITS: Final = "limits"
CODE_FINGERPRINT: Final = fingerprint.PARAMETER

REPORT_FILE: Final = "report.json"
