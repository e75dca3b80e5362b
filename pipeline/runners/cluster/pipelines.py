"""A pipeline on the cluster: its versions are the packages that were uploaded."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any, Final

import kfp_server_api as api

from pipeline.runners.cluster import errors
from pipeline.runners.cluster.lists import equals, pages
from pipeline.runners.cluster.session import Session
from pipeline.version import VERSION

_VERSION_DIGITS: Final = 12


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
      session: Of the cluster.
      name: Of the pipeline.
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
        except errors.NotFoundError:
            return None
        return str(found.pipeline_id)

    def upload(self, package: pathlib.Path) -> Version:
        """Uploads a compiled package as a version of the pipeline, unless the cluster has it.

        The version is named by the digest of the file, so that any change makes another one.
        """
        name = hashlib.sha256(package.read_bytes()).hexdigest()[:_VERSION_DIGITS]
        pipeline_id = self.id() or self._create()
        version, is_new = self._version(pipeline_id, name), False
        if version is None:
            try:
                version, is_new = self._upload(package, pipeline_id, name), True
            except errors.RefusedError:
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
            except errors.NotFoundError:
                self._specs[reference.pipeline_version_id] = None
        return self._specs[reference.pipeline_version_id]

    def _create(self) -> str:
        pipeline = api.V2beta1Pipeline(name=self._name, display_name=self._name, **self._namespace)
        try:
            return str(self._api.pipeline_service_create_pipeline(pipeline).pipeline_id)
        except errors.RefusedError:  # another call may have been quicker
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
