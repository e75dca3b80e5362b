"""Schedules of a pipeline: Kubeflow Pipelines calls them recurring runs."""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import kfp_server_api as api

from pipeline.runners.cluster import errors
from pipeline.runners.cluster.client import Cluster
from pipeline.runners.cluster.lists import equals, pages
from pipeline.runners.cluster.pipelines import Version


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trigger:
    """When a schedule starts runs; one of the two is given."""

    cron: str = ""
    interval_seconds: int = 0

    def __str__(self) -> str:
        return self.cron or f"every {datetime.timedelta(seconds=self.interval_seconds)}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule as the cluster has it."""

    schedule_id: str
    name: str
    trigger: Trigger
    is_enabled: bool
    max_concurrency: int
    version_id: str


class Schedules:
    """The schedules of one pipeline on one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._api = api.RecurringRunServiceApi(cluster.session)

    def listed(self) -> Iterator[Schedule]:
        """Yields the schedules of the pipeline, newest first."""
        pipeline_id = self._cluster.uploaded.id()
        if pipeline_id is None:
            return
        found = pages(
            self._api.recurring_run_service_list_recurring_runs,
            "recurring_runs",
            sort_by="created_at desc",
            filter=equals("pipeline_id", pipeline_id),
            **self._cluster.namespace,
        )
        yield from map(_schedule, found)

    def create(
        self,
        version: Version,
        name: str,
        trigger: Trigger,
        parameters: Mapping[str, object],
        *,
        max_concurrency: int,
        catches_up: bool,
    ) -> str:
        """Makes a schedule that runs this version; returns its id.

        Raises:
          ScheduleExistsError: One of this name starts the pipeline already.
        """
        for other in self.listed():
            if other.name == name:
                raise errors.ScheduleExistsError(
                    f"a schedule {name} exists: {other.schedule_id} ({other.trigger}); delete it"
                    " first, or give this one another --name"
                )
        recurring = api.V2beta1RecurringRun(
            display_name=name,
            experiment_id=self._cluster.experiment_id(),
            pipeline_version_reference=version.reference,
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=self._cluster.config.service_account or None,
            trigger=_api_trigger(trigger),
            mode=api.RecurringRunMode.ENABLE,
            max_concurrency=str(max_concurrency),
            no_catchup=not catches_up,
            **self._cluster.namespace,
        )
        created = self._api.recurring_run_service_create_recurring_run(recurring)
        return str(created.recurring_run_id)

    def find(self, name: str) -> Schedule:
        """The schedule of this name or id, or whose id starts so.

        Raises:
          NoSuchScheduleError: None, or several.
        """
        listed = list(self.listed())
        matches = [s for s in listed if s.name == name or s.schedule_id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        found = "several schedules have" if matches else "no schedule has"
        shown = ", ".join(f"{s.schedule_id} ({s.name})" for s in (matches or listed)[:5])
        raise errors.NoSuchScheduleError(
            f"{found} the name or id {name!r}; schedules of {self._cluster.pipeline}:"
            f" {shown or 'none'}"
        )

    def enable(self, schedule: Schedule) -> None:
        """Lets a schedule start runs again."""
        self._api.recurring_run_service_enable_recurring_run(schedule.schedule_id)

    def disable(self, schedule: Schedule) -> None:
        """Keeps a schedule from starting runs; those that it started go on."""
        self._api.recurring_run_service_disable_recurring_run(schedule.schedule_id)

    def delete(self, schedule: Schedule) -> None:
        """Removes a schedule; its runs stay."""
        self._api.recurring_run_service_delete_recurring_run(schedule.schedule_id)


def _api_trigger(trigger: Trigger) -> Any:
    if trigger.cron:
        return api.V2beta1Trigger(cron_schedule=api.V2beta1CronSchedule(cron=trigger.cron))
    periodic = api.V2beta1PeriodicSchedule(interval_second=str(trigger.interval_seconds))
    return api.V2beta1Trigger(periodic_schedule=periodic)


def _schedule(found: Any) -> Schedule:
    cron = found.trigger and found.trigger.cron_schedule
    periodic = found.trigger and found.trigger.periodic_schedule
    reference = found.pipeline_version_reference
    return Schedule(
        schedule_id=found.recurring_run_id,
        name=found.display_name or "",
        trigger=Trigger(
            cron=(cron and cron.cron) or "",
            interval_seconds=int((periodic and periodic.interval_second) or 0),
        ),
        is_enabled=found.status == api.V2beta1RecurringRunStatus.ENABLED,
        max_concurrency=int(found.max_concurrency or 0),
        version_id=(reference and reference.pipeline_version_id) or "",
    )
