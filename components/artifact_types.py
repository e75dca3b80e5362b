"""Artifact types of this project, beside TFX's standard ones."""

from tfx.types import artifact

from schemas import names

_INT = artifact.Property(type=artifact.PropertyType.INT)
_FLOAT = artifact.Property(type=artifact.PropertyType.FLOAT)
_STRING = artifact.Property(type=artifact.PropertyType.STRING)


class VideoManifest(artifact.Artifact):
    """Validated, split video records: `videos.jsonl` and `splits.json`."""

    TYPE_NAME = names.VIDEO_MANIFEST
    PROPERTIES = {  # noqa: RUF012 (TFX reads a plain class attribute)
        "num_videos": _INT,
        "num_identities": _INT,
        "num_components": _INT,
        "manifest_digest": _STRING,
    }


class DeadLetters(artifact.Artifact):
    """Inputs that were left out, as `dead-letters-*.jsonl`; see `schemas.dead_letter`.

    Custom integer properties `code/<code>` count the letters by code.
    """

    TYPE_NAME = names.DEAD_LETTERS
    PROPERTIES = {  # noqa: RUF012
        "num_letters": _INT,
        "num_inputs": _INT,
    }


class DataReport(artifact.Artifact):
    """What DataGate found, in `report.json`."""

    TYPE_NAME = names.DATA_REPORT
    PROPERTIES = {  # noqa: RUF012
        "passed": _INT,
        "dead_letter_ratio": _FLOAT,
        "leakage": _INT,
    }
