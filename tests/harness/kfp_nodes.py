"""Argo's account of a run, as Kubeflow Pipelines 2.x passes it on in `task_details`."""

import datetime
import itertools

import kfp_server_api as api


def details(start, steps):
    """The flat list of nodes of a run, for steps that follow one another ten seconds apart.

    Args:
      start: Time of the first step.
      steps: Key to what happened: `state`, and optionally `retries`, `message`, `seconds`, or
        `driver` = the state of a driver whose step did not get a node.
    """
    numbers = itertools.count(1000)
    nodes = [_node("root", "RUNNING", start, next(numbers))]
    previous = None
    for index, (key, step) in enumerate(steps.items()):
        began = start + datetime.timedelta(seconds=10 * index)
        driver = _node(f"{key}-driver", step.get("driver", "SUCCEEDED"), began, next(numbers))
        nodes.append(driver)
        if previous is not None:  # Argo lists what comes next as a child of the last attempt
            _add_child(previous, driver)
        if "driver" in step:
            continue
        node = _node(key, step["state"], began, next(numbers), step.get("seconds", 5))
        _add_child(driver, node)
        attempts = _attempts(step, began, numbers)
        _add_child(node, attempts[0])
        for attempt in attempts[1:]:
            _add_child(attempts[0], attempt)
        nodes += [node, *attempts]
        previous = attempts[-1]
    return api.V2beta1RunDetails(task_details=nodes[::-1])  # in no order to rely on


def _attempts(step, began, numbers):
    """`executor`, and below it `executor(0)`, `executor(1)`, ... where the step has retries."""
    state, seconds = step["state"], step.get("seconds", 5)
    first = _node("executor", state, began, next(numbers), seconds)
    if not step.get("retries"):
        _fail(first, step)
        return [first]
    count = step["retries"] + 1
    states = ["FAILED"] * (count - 1) + [state]
    later = [
        _node(f"executor({n})", states[n], began + datetime.timedelta(seconds=n), next(numbers))
        for n in range(count)
    ]
    _fail(later[-1], step)
    return [first, *later]


def _fail(node, step):
    if step.get("message"):
        node.error = api.GoogleRpcStatus(code=13, message=step["message"])


def _node(name, state, began, number, seconds=5):
    ended = began + datetime.timedelta(seconds=seconds)
    is_over = state in ("SUCCEEDED", "FAILED", "SKIPPED")
    return api.V2beta1PipelineTaskDetail(
        task_id=f"{number}",
        display_name=name,
        state=state,
        create_time=began,
        start_time=began,
        end_time=ended if is_over else datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc),
        pod_name=f"wf-abcde-system-container-impl-{number}",
        child_tasks=[],
    )


def _add_child(parent, child):
    number = child.pod_name.rpartition("-")[2]
    parent.child_tasks.append(api.PipelineTaskDetailChildTask(pod_name=f"wf-abcde-{number}"))
