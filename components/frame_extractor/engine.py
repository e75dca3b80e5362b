"""The Beam engine: how many processes it leaves to us."""

import os
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions


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
