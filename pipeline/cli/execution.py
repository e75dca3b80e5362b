"""A whole run as a command sees it: folder, lock, worker, view, report, exit status."""

import pathlib

from pipeline.cli import run_folder, supervisor
from pipeline.config import load
from pipeline.config.tree import PipelineConfig
from pipeline.journal import events
from pipeline.reports import run_report


def execute(config: PipelineConfig, *, from_node: str = "", to_node: str = "") -> int:
    """Runs the pipeline of `config` and shows it; returns the exit status of the command.

    Raises:
      OutputInUseError: Another run holds the output folder.
    """
    from pipeline.cli import views  # rich takes a tenth of a second; `--help` must not

    output = pathlib.Path(config.output)
    with run_folder.locked(output) as lock:
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
            summary = supervisor.supervise(folder, start, view, lock=lock)
    views.show_summary(summary)
    return run_report.EXIT_STATUS[summary["status"]]
