"""What a run on the cluster did: the API's account of it, by the steps of the package.

The API lists a run's Argo nodes flat: for a step `trainer` there are `trainer-driver` (Kubeflow's
own preparation), `trainer`, `executor` below it and, with retries, `executor(0)`, `executor(1)`.
"""

import dataclasses
import datetime
import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.runners.kubeflow.package_file import RUN_NAME
from pipeline.runs import folders

WAITING: Final = "waiting"
NOT_RUN: Final = "not run"
FAILED: Final = "failed"
SUCCEEDED: Final = "succeeded"
_UNSPECIFIED: Final = "runtime_state_unspecified"
_ENDED: Final = (SUCCEEDED, FAILED, "skipped", "canceled")
_ATTEMPT: Final = re.compile(r"(?:executor|.*\(([0-9]+)\))")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a run.

    Attributes:
      name: Id of the node, which the package displays as the step's name.
      state: `waiting`, `not run`, or the API's word in lower case.
      started: When the step started, with a time zone; None before.
      seconds: Time that the step has taken, in seconds; None before it starts.
      retries: Attempts after the first.
      message: Why it failed, if the API tells.
      pod: Name of the pod of the last attempt; empty if the API names none.
    """

    name: str
    state: str
    started: datetime.datetime | None = None
    seconds: float | None = None
    retries: int = 0
    message: str = ""
    pod: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunStatus:
    """One run; without steps where it comes from a list.

    Attributes:
      run_id: Id that Kubeflow gave the run.
      record: Name of its folder, and of the run in ML Metadata.
      name: Name that Kubeflow's pages display.
      state: One of the states above.
      created: When the run was created, with a time zone.
      started_by: Id of the schedule; empty if a person started it.
      seconds: Time from its creation to its end or to now, in seconds.
      message: Why it failed, where the API says so.
      steps: Steps in an order in which they can be executed.
    """

    run_id: str
    record: str
    name: str
    state: str
    created: datetime.datetime | None
    started_by: str
    seconds: float | None
    message: str
    steps: tuple[Step, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED

    @property
    def has_succeeded(self) -> bool:
        return self.state == SUCCEEDED


def of_run(run: Any, spec: Mapping[str, Any] | None, now: datetime.datetime) -> RunStatus:
    """The status of the API's `run`.

    Args:
      run: Run as the API returns it, a V2beta1Run.
      spec: The pipeline that it runs, as the API has it; None if that is gone or not wanted.
      now: Current time, with a time zone.
    """
    state = _state(run.state)
    tasks = (run.run_details and run.run_details.task_details) or []
    created, ended = moment(run.created_at), moment(run.finished_at)
    return RunStatus(
        run_id=run.run_id,
        record=folders.run_folder_named(run.run_id, _given_name(run)),
        name=run.display_name or "",
        state=state,
        created=created,
        started_by=run.recurring_run_id or "",
        seconds=_seconds(created, ended, now, is_over=state in _ENDED),
        message=_message(run),
        steps=tuple(_steps(tasks, spec, now, is_over=state in _ENDED)),
    )


def _given_name(run: Any) -> str:
    config = run.runtime_config
    return str(((config and config.parameters) or {}).get(RUN_NAME, ""))


def moment(value: datetime.datetime | None) -> datetime.datetime | None:
    """`value`, but None for the zero times with which the API says «not yet»."""
    if value is None or value.year <= 1970:
        return None
    return value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)


def _steps(
    tasks: list[Any], spec: Mapping[str, Any] | None, now: datetime.datetime, *, is_over: bool
) -> Iterator[Step]:
    by_name = {task.display_name: task for task in sorted(tasks, key=_order)}
    nodes = {_hash(task.pod_name): task for task in tasks if task.pod_name}
    names = (
        leaves(spec) if spec else {name: name for name in by_name if f"{name}-driver" in by_name}
    )
    for key, name in names.items():
        task = by_name.get(key) or by_name.get(name)
        driver = by_name.get(f"{key}-driver") or by_name.get(f"{name}-driver")
        if driver is not None and (task is None or _state(task.state) == _UNSPECIFIED):
            # Without its own node, a step is what its driver makes of it.
            task = driver if _state(driver.state) != SUCCEEDED else task
        if task is None:
            yield Step(name=name, state=NOT_RUN if is_over else WAITING)
        else:
            yield _step(name, task, _attempts(task, nodes), now, is_over=is_over)


def _step(
    name: str, task: Any, attempts: list[Any], now: datetime.datetime, *, is_over: bool
) -> Step:
    state = _state(task.state)
    if state == _UNSPECIFIED:
        return Step(name=name, state=NOT_RUN if is_over else WAITING)
    started, ended = moment(task.start_time), moment(task.end_time)
    numbers = [
        int(found[1] or 0) for a in attempts if (found := _ATTEMPT.fullmatch(a.display_name))
    ]
    earlier = (task.executor_detail and task.executor_detail.failed_main_jobs) or []
    messages = [_message(node) for node in (task, *reversed(attempts))]
    return Step(
        name=name,
        state=state,
        started=started,
        seconds=_seconds(started, ended, now, is_over=state in _ENDED),
        retries=max([*numbers, len(earlier)]),
        message=next(filter(None, messages), "") if state == FAILED else "",
        pod=(attempts or [task])[-1].pod_name or "",
    )


def _attempts(task: Any, nodes: Mapping[str, Any], depth: int = 3) -> list[Any]:
    """The nodes below that of a step that ran its container, first attempt first.

    Argo also lists what comes next as children: only an attempt's name is followed.
    """
    children = (nodes.get(_hash(child.pod_name)) for child in task.child_tasks or ())
    attempts = [node for node in children if node and _ATTEMPT.fullmatch(node.display_name or "")]
    below = [node for attempt in attempts if depth for node in _attempts(attempt, nodes, depth - 1)]
    return sorted([*attempts, *below], key=_order)


def leaves(spec: Mapping[str, Any]) -> dict[str, str]:
    """The container steps of a pipeline in an order of execution: key to display name."""
    pipeline = spec.get("pipeline_spec", spec)
    components = pipeline.get("components", {})

    def walk(dag: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        tasks = dag.get("tasks", {})
        graph = {key: sorted(task.get("dependentTasks", ())) for key, task in tasks.items()}
        for key in graphlib.TopologicalSorter(graph).static_order():
            component = components.get(tasks[key]["componentRef"]["name"], {})
            if "dag" in component:
                yield from walk(component["dag"])
            else:
                yield key, tasks[key].get("taskInfo", {}).get("name") or key

    return dict(walk(pipeline.get("root", {}).get("dag", {})))


def _hash(pod: str | None) -> str:
    """What an Argo node's id and the name of its pod have in common."""
    return (pod or "").rpartition("-")[2]


def _order(task: Any) -> tuple[bool, datetime.datetime]:
    started = moment(task.start_time) or moment(task.create_time)
    zero = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
    return (started is not None, started or zero)


def _state(value: str | None) -> str:
    return (value or _UNSPECIFIED).lower()


def _message(thing: Any) -> str:
    """The API's error of a run or task; of its history if it has none itself."""
    history = [status.error for status in reversed(thing.state_history or ()) if status.error]
    errors = [thing.error, *history]
    return next((error.message for error in errors if error and error.message), "")


def _seconds(
    started: datetime.datetime | None,
    ended: datetime.datetime | None,
    now: datetime.datetime,
    *,
    is_over: bool,
) -> float | None:
    if started is None or (is_over and ended is None):
        return None
    return max(0.0, ((ended or now) - started).total_seconds())
