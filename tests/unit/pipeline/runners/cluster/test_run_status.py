"""The steps of a run, out of what a cluster says of it."""

import datetime

import kfp_nodes
import kfp_server_api as api
import pytest

from pipeline.runners.cluster import run_status

START = datetime.datetime(2026, 11, 22, 14, 30, tzinfo=datetime.timezone.utc)
NOW = START + datetime.timedelta(minutes=1)
SPEC = {
    "components": {
        "comp-a": {"executorLabel": "a"},
        "comp-b": {"executorLabel": "b"},
        "comp-report": {"executorLabel": "report"},
        "comp-inner": {
            "dag": {
                "tasks": {
                    "b": {
                        "componentRef": {"name": "comp-b"},
                        "dependentTasks": ["z-first"],
                        "taskInfo": {"name": "Trainer"},
                    },
                    "z-first": {"componentRef": {"name": "comp-a"}, "taskInfo": {"name": "First"}},
                }
            }
        },
    },
    "root": {
        "dag": {
            "tasks": {
                "a-report": {
                    "componentRef": {"name": "comp-report"},
                    "dependentTasks": ["exit-handler-1"],
                },
                "exit-handler-1": {"componentRef": {"name": "comp-inner"}},
            }
        }
    },
}


@pytest.fixture
def status():
    """The status of a run in which this happened, a minute after it began."""

    def status(steps, state="RUNNING", spec=SPEC, **fields):
        run = api.V2beta1Run(
            run_id="r",
            display_name="n",
            state=state,
            created_at=START,
            finished_at=NOW if state != "RUNNING" else None,
            run_details=kfp_nodes.details(START, steps),
            **fields,
        )
        return run_status.of_run(run, spec, NOW)

    return status


def test_steps_come_in_an_order_of_execution_and_by_their_display_names():
    assert run_status.leaves({"pipeline_spec": SPEC, "platform_spec": {}}) == {
        "z-first": "First",
        "b": "Trainer",
        "a-report": "a-report",
    }


def test_a_step_that_has_not_started_waits(status):
    found = status({"z-first": {"state": "SUCCEEDED"}, "b": {"state": "RUNNING"}})
    assert [(step.name, step.state) for step in found.steps] == [
        ("First", "succeeded"),
        ("Trainer", "running"),
        ("a-report", "waiting"),
    ]
    first, trainer, report = found.steps
    assert (first.started, first.seconds) == (START, 5)
    assert trainer.seconds == 50, "it runs since ten seconds after the start"
    assert (report.started, report.seconds) == (None, None)
    assert (found.state, found.seconds, found.has_ended) == ("running", 60, False)


def test_retries_are_counted_and_the_last_pod_is_named(status):
    found = status({"z-first": {"state": "SUCCEEDED"}, "b": {"state": "SUCCEEDED", "retries": 2}})
    assert [step.retries for step in found.steps] == [0, 2, 0]
    # root, driver, step, executor; what comes next is a child of that executor too.
    assert found.steps[0].pod == "wf-abcde-system-container-impl-1003"
    assert found.steps[1].pod == "wf-abcde-system-container-impl-1009", "the third attempt"
    assert found.steps[1].message == ""


def test_a_failed_step_says_why_and_what_follows_was_not_run(status):
    what = {"state": "FAILED", "retries": 1, "message": "OOMKilled (exit code 137)"}
    found = status({"z-first": what}, state="FAILED")
    assert [step.state for step in found.steps] == ["failed", "not run", "not run"]
    assert (found.steps[0].message, found.steps[0].retries) == ("OOMKilled (exit code 137)", 1)
    assert (found.has_ended, found.has_succeeded) == (True, False)


def test_a_step_whose_driver_failed_has_failed(status):
    found = status({"z-first": {"driver": "FAILED"}}, state="FAILED")
    assert found.steps[0].state == "failed"


def test_a_step_that_argo_omitted_was_not_run(status):
    found = status({"z-first": {"state": "RUNTIME_STATE_UNSPECIFIED"}}, state="FAILED")
    assert found.steps[0].state == "not run"


def test_failed_jobs_that_the_api_counts_are_retries():
    details = kfp_nodes.details(START, {"z-first": {"state": "RUNNING"}})
    for task in details.task_details:
        if task.display_name == "z-first":
            task.executor_detail = api.V2beta1PipelineTaskExecutorDetail(
                failed_main_jobs=["a", "b"]
            )
    run = api.V2beta1Run(run_id="r", state="RUNNING", created_at=START, run_details=details)
    assert run_status.of_run(run, SPEC, NOW).steps[0].retries == 2


def test_without_its_pipeline_a_run_shows_the_steps_that_started(status):
    found = status({"z-first": {"state": "SUCCEEDED"}}, spec=None)
    assert [(step.name, step.state) for step in found.steps] == [("z-first", "succeeded")]


def test_the_error_of_a_run_may_stand_in_its_history(status):
    history = [
        api.V2beta1RuntimeStatus(state="PENDING"),
        api.V2beta1RuntimeStatus(state="FAILED", error=api.GoogleRpcStatus(message="no quota")),
    ]
    assert status({}, state="FAILED", state_history=history).message == "no quota"


def test_the_zero_times_of_the_api_are_no_times():
    utc = datetime.timezone.utc
    assert run_status.moment(datetime.datetime(1970, 1, 1, tzinfo=utc)) is None
    assert run_status.moment(datetime.datetime(1, 1, 1, tzinfo=utc)) is None
    assert run_status.moment(START.replace(tzinfo=None)) == START
