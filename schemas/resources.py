"""Where the packaged files of this package lie."""

import pathlib

TRACK_EXAMPLE_SCHEMA = pathlib.Path(__file__).parent / "track_example.pbtxt"
