"""A whole run as a command sees it: folder, lock, worker, view, report, exit status."""

import pathlib
import sys
from collections.abc import Mapping
from typing import Final

from pipeline.cli import run_folder, supervisor
from pipeline.config import load
from pipeline.config.metadata import SQLITE
from pipeline.config.tree import PipelineConfig
from pipeline.journal import events
from pipeline.reports import run_report

LOCAL: Final = "local"
KUBEFLOW_STEPS: Final = "kubeflow-steps"
RUNNERS: Final = (LOCAL, KUBEFLOW_STEPS)

_WORKERS: Final[Mapping[str, str]] = {
    LOCAL: "pipeline.cli.worker",
    KUBEFLOW_STEPS: "pipeline.cli.steps_worker",
}


def execute(
    config: PipelineConfig, *, runner: str = LOCAL, from_node: str = "", to_node: str = ""
) -> int:
    """Runs the pipeline of `config` and shows it; returns the exit status of the command.

    Args:
      config: The resolved configuration.
      runner: One of `RUNNERS`.
      from_node: First node to run; empty = from the start.
      to_node: Last node to run; empty = to the end.

    Raises:
      OutputInUseError: Another run holds the output folder.
    """
    from pipeline.cli import views  # rich takes a tenth of a second; `--help` must not

    output = pathlib.Path(config.output)
    alone = config.metadata.backend == SQLITE  # allows one writer
    with run_folder.locked(output, alone=alone) as lock:
        folder = run_folder.create(output)
        folder.config.write_text(load.dump(config), encoding="utf-8")
        start = events.RunStarted(
            run_id=folder.run_id,
            pipeline=config.name,
            from_node=from_node,
            to_node=to_node,
            num_clips=config.clip.num_clips,
            notice=config.data.notice,
        )
        with views.opened(start, folder) as view:
            summary = supervisor.supervise(
                folder, start, view, lock=lock, worker=(sys.executable, "-m", _WORKERS[runner])
            )
    views.show_summary(summary)
    views.show_dashboard(folder)
    return run_report.EXIT_STATUS[summary["status"]]
