"""Errors that stop VideoValidator: the manifest as a whole is of no use.

```text
ManifestError
├── ManifestUnreadableError   manifest_unreadable
├── ColumnMissingError        manifest_column_missing
├── NoUsableVideoError        no_usable_video
└── SplitError                split_unsatisfiable
```

A single bad row or video is never an error: it becomes a dead letter.
"""


class ManifestError(Exception):
    """Base of the errors that concern the manifest as a whole.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "manifest_error"


class ManifestUnreadableError(ManifestError):
    """The file is absent or is not what its name says."""

    code = "manifest_unreadable"


class ColumnMissingError(ManifestError):
    """A required column is not there."""

    code = "manifest_column_missing"


class NoUsableVideoError(ManifestError):
    """Every row was rejected, or there is none."""

    code = "no_usable_video"


class SplitError(ManifestError):
    """There are too few independent groups to give every split both classes."""

    code = "split_unsatisfiable"
