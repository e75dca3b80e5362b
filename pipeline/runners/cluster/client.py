"""The pipeline and its runs on one Kubeflow Pipelines cluster: upload, start, look, follow."""

import dataclasses
import datetime
import itertools
import json
import pathlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import kfp_server_api as api

from pipeline.config.clusters import KubeflowConfig
from pipeline.runners.cluster import run_status
from pipeline.runners.cluster.session import Session
from pipeline.runs import folders
from pipeline.version import VERSION
from schemas import files
from schemas.errors import (
    ClusterNotFoundError,
    ClusterRefusedError,
    ClusterUnreachableError,
    RunnerError,
    listed,
)

PAGE_SIZE: Final = 50

_VERSION_DIGITS: Final = 12
POLL_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 600.0
_WHOLE_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def pages(call: Callable[..., Any], field: str, **arguments: object) -> Iterator[Any]:
    """Yields the entries of a list, page after page.

    Args:
      call: A list method of the generated API.
      field: Field of the answer that holds the entries.
      **arguments: Further arguments of `call`, by name.
    """
    token = ""
    while True:
        page = call(page_token=token, page_size=PAGE_SIZE, **arguments)
        yield from getattr(page, field) or ()
        token = page.next_page_token
        if not token:
            return


def equals(key: str, value: str) -> str:
    """The filter «`key` is `value`»."""
    predicate = {"operation": "EQUALS", "key": key, "string_value": value}
    text = json.dumps({"predicates": [predicate]})
    # The server unquotes a filter once more than HTTP does.
    return text.replace("%", "\\u0025").replace("+", "\\u002b")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Version:
    """An uploaded package.

    Attributes:
      is_new: Whether this upload brought it; otherwise the cluster had it.
    """

    pipeline_id: str
    version_id: str
    name: str
    is_new: bool

    @property
    def reference(self) -> Any:
        """As runs and schedules name it."""
        return api.V2beta1PipelineVersionReference(
            pipeline_id=self.pipeline_id, pipeline_version_id=self.version_id
        )


class UploadedPipeline:
    """The pipeline of one name, which need not be on the cluster yet.

    Args:
      session: Session with the cluster.
      name: Name of the pipeline.
      namespace: Argument that names the namespace; empty in single-user mode.
    """

    def __init__(self, session: Session, name: str, namespace: Mapping[str, str]) -> None:
        self._name = name
        self._namespace = namespace
        self._api = api.PipelineServiceApi(session)
        self._uploads = api.PipelineUploadServiceApi(session)
        self._specs: dict[str, Mapping[str, Any] | None] = {}

    def id(self) -> str | None:
        """Of the pipeline; None if it was never uploaded."""
        try:
            found = self._api.pipeline_service_get_pipeline_by_name(self._name, **self._namespace)
        except ClusterNotFoundError:
            return None
        return str(found.pipeline_id)

    def upload(self, package: pathlib.Path) -> Version:
        """Uploads a compiled package as a version of the pipeline, unless the cluster has it.

        The version is named by the digest of the file, so that any change makes another one.
        """
        name = files.sha256(package)[:_VERSION_DIGITS]
        pipeline_id = self.id() or self._create()
        version, is_new = self._version(pipeline_id, name), False
        if version is None:
            try:
                version, is_new = self._upload(package, pipeline_id, name), True
            except ClusterRefusedError:
                # Another call may have been quicker: 409, or 500 from older servers.
                version = self._version(pipeline_id, name)
                if version is None:
                    raise
        return Version(
            pipeline_id=pipeline_id,
            version_id=version.pipeline_version_id,
            name=name,
            is_new=is_new,
        )

    def spec(self, run: Any) -> Mapping[str, Any] | None:
        """The pipeline that a run follows; None where its version was deleted."""
        reference = run.pipeline_version_reference
        if run.pipeline_spec or reference is None:
            return run.pipeline_spec or None
        if reference.pipeline_version_id not in self._specs:
            try:
                version = self._api.pipeline_service_get_pipeline_version(
                    reference.pipeline_id, reference.pipeline_version_id
                )
                self._specs[reference.pipeline_version_id] = version.pipeline_spec
            except ClusterNotFoundError:
                self._specs[reference.pipeline_version_id] = None
        return self._specs[reference.pipeline_version_id]

    def _create(self) -> str:
        pipeline = api.V2beta1Pipeline(name=self._name, display_name=self._name, **self._namespace)
        try:
            return str(self._api.pipeline_service_create_pipeline(pipeline).pipeline_id)
        except ClusterRefusedError:  # another call may have been quicker
            pipeline_id = self.id()
            if pipeline_id is None:
                raise
            return pipeline_id

    def _upload(self, package: pathlib.Path, pipeline_id: str, name: str) -> Any:
        return self._uploads.upload_pipeline_version(
            str(package),
            name=name,
            display_name=name,
            pipelineid=pipeline_id,
            description=f"compiled by deepfake {VERSION}",
        )

    def _version(self, pipeline_id: str, name: str) -> Any:
        found = pages(
            lambda **page: self._api.pipeline_service_list_pipeline_versions(pipeline_id, **page),
            "pipeline_versions",
            filter=equals("name", name),
        )
        return next(found, None)


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
        """The id of the run that `name` means, as `folders.meant` reads it.

        Raises:
          RunnerError: `no_such_run`: None, or several.
        """
        if _WHOLE_ID.fullmatch(name):
            return name
        newest = itertools.islice(self.runs(), 1 if name == folders.LATEST else None)
        known = [run.run_id for run in newest]
        matches = folders.meant(name, known[::-1])[::-1]
        if len(matches) == 1:
            return matches[0]
        where = f"{self.pipeline} on {self.session.address}"
        if not known:
            raise RunnerError(
                "no_such_run", f"no runs of {where}; start one with `deepfake submit`"
            )
        found = "several runs start" if matches else "no run starts"
        raise RunnerError(
            "no_such_run",
            f"{found} with {name!r}, of {where}; the newest: {listed(matches or known)}",
        )

    def status(self, run_id: str) -> run_status.RunStatus:
        """What a run did, step by step.

        Raises:
          RunnerError: `no_such_run`: There is none of this id.
        """
        try:
            run = self._runs.run_service_get_run(run_id)
        except ClusterNotFoundError as error:
            raise RunnerError(
                "no_such_run",
                f"{self.session.address} has no run {run_id}; `deepfake status` lists the runs",
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
            except ClusterUnreachableError:
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
            except ClusterRefusedError:  # another call may have been quicker
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
