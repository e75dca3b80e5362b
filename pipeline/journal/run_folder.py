"""Where the files of a run lie."""

import dataclasses
import pathlib


def named(job_id: str, name: str) -> str:
    """Id of a run on a cluster: unique, and with the name that it was given, if any."""
    return f"{name}-{job_id}" if name else job_id


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The folder `<output>/<run_id>` of one run."""

    path: pathlib.Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def config(self) -> pathlib.Path:
        """The resolved configuration, as YAML."""
        return self.path / "config.yaml"

    @property
    def journal(self) -> pathlib.Path:
        """Events, one JSON line each."""
        return self.path / "events.jsonl"

    @property
    def steps(self) -> pathlib.Path:
        """Journals of container steps, one file per node: a step may write its own only."""
        return self.path / "steps"

    def step_journal(self, node: str) -> pathlib.Path:
        """Journal of the step of one node."""
        return self.steps / f"{node}.jsonl"

    @property
    def ir(self) -> pathlib.Path:
        """The compiled graph."""
        return self.path / "ir.json"

    @property
    def package(self) -> pathlib.Path:
        """The compiled Kubeflow package, where the run has one."""
        return self.path / "pipeline.yaml"

    @property
    def log(self) -> pathlib.Path:
        """Everything that the libraries say."""
        return self.path / "logs" / "run.log"

    def step_log(self, step: str) -> pathlib.Path:
        """Everything that the libraries say in one container step that runs on this machine."""
        return self.path / "logs" / f"{step}.log"

    @property
    def summary(self) -> pathlib.Path:
        """The run report, as JSON."""
        return self.path / "summary.json"

    @property
    def panels(self) -> pathlib.Path:
        """Data of further panels of the dashboards; see `pipeline.dashboards.panel_data`."""
        return self.path / "panels"
