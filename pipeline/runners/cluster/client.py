"""The runs of one pipeline on one Kubeflow Pipelines cluster: start, find, look, follow."""

import datetime
import itertools
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import kfp_server_api as api

from pipeline.config.kubeflow import KubeflowConfig
from pipeline.runners.cluster import errors, run_status
from pipeline.runners.cluster.lists import equals, pages
from pipeline.runners.cluster.pipelines import UploadedPipeline, Version
from pipeline.runners.cluster.session import Session

POLL_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 600.0
_WHOLE_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Cluster:
    """One pipeline on one cluster.

    Args:
      config: Where, as whom.
      pipeline: Name of the pipeline.

    Attributes:
      uploaded: The pipeline as the cluster has it.
      namespace: Argument that names the namespace; empty in single-user mode.
    """

    def __init__(self, config: KubeflowConfig, pipeline: str) -> None:
        self.config = config
        self.pipeline = pipeline
        self.session = Session(config)
        self.namespace = {"namespace": config.namespace} if config.namespace else {}
        self.uploaded = UploadedPipeline(self.session, pipeline, self.namespace)
        self._experiments = api.ExperimentServiceApi(self.session)
        self._runs = api.RunServiceApi(self.session)

    def link(self, run_id: str) -> str:
        """Address of a run in the web interface."""
        return f"{self.session.address}/#/runs/details/{run_id}"

    def start(self, version: Version, name: str, parameters: Mapping[str, object]) -> str:
        """Starts a run; returns its id."""
        run = api.V2beta1Run(
            display_name=name,
            experiment_id=self.experiment_id(),
            pipeline_version_reference=version.reference,
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=self.config.service_account or None,
        )
        return str(self._runs.run_service_create_run(run).run_id)

    def runs(self) -> Iterator[run_status.RunStatus]:
        """The runs of the pipeline, newest first, without their steps."""
        pipeline_id = self.uploaded.id()
        if pipeline_id is None:
            return
        found = pages(
            self._runs.run_service_list_runs,
            "runs",
            sort_by="created_at desc",
            filter=equals("pipeline_id", pipeline_id),
            **self.namespace,
        )
        yield from (run_status.of_run(run, None, _now()) for run in found)

    def find_run(self, name: str) -> str:
        """The id of the run whose id starts with `name`; `latest` is the newest.

        Raises:
          NoSuchRunError: None, or several.
        """
        if _WHOLE_ID.fullmatch(name):
            return name
        newest = itertools.islice(self.runs(), 1 if name == "latest" else None)
        listed = [run.run_id for run in newest]
        matches = listed if name == "latest" else [i for i in listed if i.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        where = f"{self.pipeline} on {self.session.address}"
        if not listed:
            raise errors.NoSuchRunError(f"no runs of {where}; start one with `deepfake submit`")
        found = "several runs start" if matches else "no run starts"
        shown = ", ".join((matches or listed)[:5])
        raise errors.NoSuchRunError(f"{found} with {name!r}, of {where}; the newest: {shown}")

    def status(self, run_id: str) -> run_status.RunStatus:
        """What a run did, step by step.

        Raises:
          NoSuchRunError: There is none of this id.
        """
        try:
            run = self._runs.run_service_get_run(run_id)
        except errors.NotFoundError as error:
            raise errors.NoSuchRunError(
                f"{self.session.address} has no run {run_id}; `deepfake status` lists the runs"
            ) from error
        return run_status.of_run(run, self.uploaded.spec(run), _now())

    def follow(self, run_id: str) -> Iterator[run_status.RunStatus]:
        """The status of a run, again and again until it has ended.

        A cluster that stops answering is given ten minutes to come back.
        """
        answered = time.monotonic()
        while True:
            try:
                status = self.status(run_id)
            except errors.UnreachableError:
                if time.monotonic() - answered > PATIENCE_SECONDS:
                    raise
            else:
                answered = time.monotonic()
                yield status
                if status.has_ended:
                    return
            time.sleep(POLL_SECONDS)

    def experiment_id(self) -> str:
        """Of the configured experiment, which is made if it is missing."""
        found = self._experiment()
        if found is None:
            experiment = api.V2beta1Experiment(
                display_name=self.config.experiment, **self.namespace
            )
            try:
                found = self._experiments.experiment_service_create_experiment(experiment)
            except errors.RefusedError:  # another call may have been quicker
                found = self._experiment()
                if found is None:
                    raise
        return str(found.experiment_id)

    def _experiment(self) -> Any:
        found = pages(
            self._experiments.experiment_service_list_experiments,
            "experiments",
            filter=equals("display_name", self.config.experiment),
            **self.namespace,
        )
        return next(found, None)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
