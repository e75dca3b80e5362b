"""The Beam engine: how many processes it leaves to us, and getting small results back from it."""

import os
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from tfx.dsl.io import fileio


def num_workers(beam_args: Sequence[str]) -> int:
    """Child processes of each DoFn instance under these Beam options.

    The in-memory engine has one instance in one thread, which may use every processor. Other
    engines bring their own parallelism. Results do not depend on it: it is no cache key.
    """
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner or "DirectRunner"
    is_in_memory = options.view_as(DirectOptions).direct_running_mode == "in_memory"
    is_single = runner.endswith("DirectRunner") and is_in_memory
    return len(os.sched_getaffinity(0)) if is_single else 1


def write_lines(values: beam.PCollection, label: str, prefix: str) -> None:
    """Writes values that have a `to_json`, one line each, to files that start with `prefix`."""
    _ = (
        values
        | f"{label}ToJson" >> beam.Map(lambda value: value.to_json())
        | f"Write{label}" >> beam.io.WriteToText(prefix)
    )


def read_lines(prefix: str) -> list[str]:
    """Reads the lines that `write_lines` wrote, in no special order."""
    lines: list[str] = []
    for path in sorted(fileio.glob(f"{prefix}-*")):
        with fileio.open(path) as file:
            lines += file.read().splitlines()
    return lines
