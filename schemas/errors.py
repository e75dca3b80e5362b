"""Errors of a call: one line that says what was found and what to do.

CallError
├── MissingManifestError    no manifest given, or no such file
├── BadOverrideError        a --set that is not KEY=VALUE
├── NoSuchRunError          `runs show` of an unknown run
├── OutputInUseError        another run holds the output folder
├── FolderTakenError        the demo's video folder holds something else
└── PartialStepsError       --from or --to with a runner that knows no parts
"""


class CallError(Exception):
    """Base of what is wrong with a call; the command ends with status 2.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "bad_call"


class MissingManifestError(CallError):
    """No manifest was given, or there is no such file."""

    code = "missing_manifest"


class BadOverrideError(CallError):
    """A --set that is not KEY=VALUE."""

    code = "bad_override"


class NoSuchRunError(CallError):
    """No run, or more than one, has that id."""

    code = "no_such_run"


class OutputInUseError(CallError):
    """Another run holds the output folder."""

    code = "output_in_use"


class FolderTakenError(CallError):
    """The folder of the demo's videos holds what the demo did not write."""

    code = "folder_taken"


class PartialStepsError(CallError):
    """--from or --to with a runner that runs the whole graph only."""

    code = "partial_steps"
