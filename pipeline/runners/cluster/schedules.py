"""Schedules of a pipeline (Kubeflow Pipelines' recurring runs) and when they start.

Its cron has six fields, seconds first, and the last one may be missing: the five fields of a
crontab are accepted there and mean something else. So they are refused here.
"""

import dataclasses
import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import kfp_server_api as api

from pipeline.runners.cluster.client import Cluster, Version, equals, pages
from pipeline.runs import folders
from schemas.errors import RunnerError, listed

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST_SECONDS: Final = 60
_DESCRIPTORS: Final = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


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
          RunnerError: `schedule_exists`: One of this name starts the pipeline already.
        """
        for other in self.listed():
            if other.name == name:
                raise RunnerError(
                    "schedule_exists",
                    f"a schedule {name} exists: {other.schedule_id} ({other.trigger}); delete it"
                    " first, or give this one another --name",
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
          RunnerError: `no_such_schedule`: None, or several.
        """
        known = list(self.listed())
        ids = folders.starting(name, [schedule.schedule_id for schedule in known])
        matches = [s for s in known if s.name == name or s.schedule_id in ids]
        if len(matches) == 1:
            return matches[0]
        found = "several schedules have" if matches else "no schedule has"
        shown = [f"{schedule.schedule_id} ({schedule.name})" for schedule in matches or known]
        raise RunnerError(
            "no_such_schedule",
            f"{found} the name or id {name!r}; schedules of {self._cluster.pipeline}:"
            f" {listed(shown)}",
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


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        """The number that `text` means; None if it is none of this field."""
        if text.lower() in self.words:
            return self.words.index(text.lower()) + self.lowest
        if not (text.isascii() and text.isdigit()):
            return None
        return int(text) if self.lowest <= int(text) <= self.highest else None


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


def cron(text: str) -> str:
    """`text` with single spaces, if it is a cron expression of six fields.

    Raises:
      RunnerError: `bad_trigger`: It is not; the message says which field is wrong.
    """
    fields = text.split()
    if len(fields) == 1 and text.strip() in _DESCRIPTORS:
        return text.strip()
    if len(fields) == 5:
        raise RunnerError(
            "bad_trigger",
            f"--cron {text!r} has five fields, but Kubeflow's cron has six, seconds first;"
            f" did you mean '0 {' '.join(fields)}'?",
        )
    if len(fields) != len(_FIELDS):
        raise RunnerError(
            "bad_trigger",
            f"--cron {text!r} has {len(fields)} fields; it needs six: second, minute, hour, day of"
            " month, month, day of week, such as '0 0 2 * * *' for every night at two",
        )
    for field, value in zip(_FIELDS, fields, strict=True):
        for part in value.split(","):
            if not _is_valid(field, part):
                raise RunnerError(
                    "bad_trigger",
                    f"--cron {text!r}: {part!r} is no {field.name}"
                    f" ({field.lowest}-{field.highest}, *, a-b, */n, or several with commas)",
                )
    return " ".join(fields)


def _is_valid(field: _Field, part: str) -> bool:
    """Whether `part` is `*`, a number or a range, with or without a step."""
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    first, dash, last = span.partition("-")
    low, high = field.number(first), field.number(last if dash else first)
    return low is not None and high is not None and low <= high


def interval_seconds(text: str) -> int:
    """Seconds of `900`, `90s`, `15m`, `1h` or `2d`.

    Raises:
      RunnerError: `bad_trigger`: It is none of these, or shorter than a minute.
    """
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip())
    if found is None:
        raise RunnerError(
            "bad_trigger", f"--every wants seconds, or 90s, 15m, 1h, 2d; got {text!r}"
        )
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds < _SHORTEST_SECONDS:
        raise RunnerError("bad_trigger", f"--every must be a minute or more, got {text!r}")
    return seconds
