"""Uploads, runs and schedules over HTTP, each request checked against kfp's own models."""

import datetime

import kfp_nodes
import pytest
from coded import raises_code

from pipeline.config.clusters import KubeflowConfig
from pipeline.runners.cluster import client
from pipeline.runners.cluster.client import Cluster
from pipeline.runners.cluster.schedules import Schedules, Trigger
from schemas.errors import ClusterRefusedError, ClusterUnreachableError

JSON = {"Content-Type": "application/json"}
PARAMETERS = {"epochs": 5, "min_auc": 0.8, "manifest": "/deepfake/other.csv", "run_name": "first"}


@pytest.fixture
def cluster(kfp_server):
    return Cluster(KubeflowConfig(host=kfp_server.address), "deepfake-kubeflow")


@pytest.fixture
def version(cluster, package):
    return cluster.uploaded.upload(package())


def test_a_package_is_uploaded_once(kfp_server, cluster, package):
    path = package()
    first, second = cluster.uploaded.upload(path), cluster.uploaded.upload(path)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.version_id == second.version_id
    assert [pipeline.name for pipeline in kfp_server.pipelines] == ["deepfake-kubeflow"]
    assert [(v.name, len(v.name)) for v in kfp_server.versions] == [(first.name, 12)]


def test_any_change_of_the_package_is_another_version(kfp_server, cluster, package):
    first = cluster.uploaded.upload(package())
    second = cluster.uploaded.upload(package(image="deepfake:2"))
    assert second.is_new
    assert first.pipeline_id == second.pipeline_id
    assert {v.name for v in kfp_server.versions} == {first.name, second.name}


def test_a_race_for_a_new_pipeline_is_won_by_both(kfp_server, cluster, package):
    """The other call is quicker between our look and our request."""
    other = Cluster(cluster.config, "deepfake-kubeflow")
    kfp_server.before["pipeline_service_create_pipeline"] = lambda: other.uploaded.upload(package())
    assert not cluster.uploaded.upload(package()).is_new
    assert len(kfp_server.pipelines) == len(kfp_server.versions) == 1


@pytest.mark.parametrize("status", [409, 500])
def test_a_race_for_an_upload_is_won_by_both(kfp_server, cluster, package, status):
    """Current servers answer 409, older ones 500."""
    other = Cluster(cluster.config, "deepfake-kubeflow")
    kfp_server.before["upload_pipeline_version"] = lambda: other.uploaded.upload(package())
    if status == 500:
        body = b'{"error_message": "Error creating pipeline version: Duplicate entry"}'
        kfp_server.answers["upload_pipeline_version"] = [(500, JSON, body)]
    assert not cluster.uploaded.upload(package()).is_new
    assert len(kfp_server.versions) == 1


def test_an_upload_that_fails_for_another_reason_is_told(kfp_server, cluster, package):
    path = package()
    path = path.rename(path.with_suffix(".txt"))
    with pytest.raises(ClusterRefusedError, match="Unexpected pipeline file format"):
        cluster.uploaded.upload(path)


def test_a_run_gets_typed_parameters_and_the_service_account(kfp_server, cluster, version):
    run = kfp_server.run(cluster.start(version, "first", PARAMETERS))
    assert run.runtime_config.parameters == PARAMETERS
    assert (run.display_name, run.service_account) == ("first", "deepfake-pipeline")
    assert run.pipeline_version_reference.pipeline_version_id == version.version_id


def test_a_parameter_of_the_wrong_type_is_refused_by_the_api(cluster, version):
    with pytest.raises(ClusterRefusedError, match="epochs requires type NUMBER_INTEGER"):
        cluster.start(version, "first", {"epochs": "5"})


def test_the_experiment_is_made_once(kfp_server, cluster, version):
    for name in ("a", "b"):
        cluster.start(version, name, {})
    assert [e.display_name for e in kfp_server.experiments] == ["deepfake"]
    assert {run.experiment_id for run in kfp_server.runs} == {
        kfp_server.experiments[0].experiment_id
    }


def test_an_experiment_made_by_another_call_meanwhile_is_used(kfp_server, cluster, version):
    other = Cluster(cluster.config, "deepfake-kubeflow")
    kfp_server.before["experiment_service_create_experiment"] = other.experiment_id
    cluster.start(version, "first", {})
    assert len(kfp_server.experiments) == 1


def test_an_experiment_is_found_by_a_name_with_odd_letters(kfp_server, version):
    """The API unquotes filters twice."""
    config = KubeflowConfig(host=kfp_server.address, experiment="100% C++ & more")
    for name in ("a", "b"):
        Cluster(config, "deepfake-kubeflow").start(version, name, {})
    assert [e.display_name for e in kfp_server.experiments] == ["100% C++ & more"]


def test_with_profiles_everything_happens_in_the_namespace(kfp_server, package):
    kfp_server.multi_user = True
    config = KubeflowConfig(host=kfp_server.address, namespace="team-a")
    cluster = Cluster(config, "deepfake-kubeflow")
    run_id = cluster.start(cluster.uploaded.upload(package()), "first", {})
    assert [run.run_id for run in cluster.runs()] == [run_id]
    assert kfp_server.pipelines[0].namespace == kfp_server.experiments[0].namespace == "team-a"


def test_with_profiles_a_missing_namespace_is_named(kfp_server, cluster, package):
    kfp_server.multi_user = True
    with raises_code("namespace_needed", match=r"set kubeflow\.namespace to yours"):
        cluster.uploaded.upload(package())


def test_runs_are_listed_newest_first_over_several_pages(
    kfp_server, cluster, version, package, monkeypatch
):
    monkeypatch.setattr("pipeline.runners.cluster.client.PAGE_SIZE", 2)
    other = Cluster(cluster.config, "another")
    other.start(other.uploaded.upload(package(name="another")), "not ours", {})
    started = [cluster.start(version, f"run {number}", {}) for number in range(5)]
    assert [run.run_id for run in cluster.runs()] == started[::-1]
    assert kfp_server.operations.count("run_service_list_runs") == 3


def test_latest_asks_for_no_more_than_one_page(kfp_server, cluster, version, monkeypatch):
    monkeypatch.setattr("pipeline.runners.cluster.client.PAGE_SIZE", 2)
    started = [cluster.start(version, f"run {number}", {}) for number in range(5)]
    assert cluster.find_run("latest") == started[-1]
    assert kfp_server.operations.count("run_service_list_runs") == 1


def test_a_run_is_found_by_the_start_of_its_id(kfp_server, cluster, version):
    run_id = cluster.start(version, "first", {})
    kfp_server.run(cluster.start(version, "second", {})).run_id = "no such start"
    assert cluster.find_run(run_id[:6]) == cluster.find_run(run_id) == run_id
    with raises_code("no_such_run", match=r"no run starts with 'zz', .*the newest"):
        cluster.find_run("zz")
    with raises_code("no_such_run", match="no run starts with ''"):
        cluster.find_run("")


def test_an_unknown_run_is_told(cluster):
    with raises_code("no_such_run", match="no runs of deepfake-kubeflow on http"):
        cluster.find_run("latest")
    with raises_code("no_such_run", match="has no run 00000000-0000"):
        cluster.status("00000000-0000-0000-0000-000000000000")


def test_a_run_whose_version_was_deleted_keeps_its_steps(kfp_server, cluster, version):
    run = kfp_server.run(cluster.start(version, "first", {}))
    run.run_details = kfp_nodes.details(run.created_at, {"prepare": {"state": "RUNNING"}})
    kfp_server.versions.clear()
    assert [(s.name, s.state) for s in cluster.status(run.run_id).steps] == [("prepare", "running")]


def test_following_sees_the_end_and_outlives_a_silence(kfp_server, cluster, version, monkeypatch):
    monkeypatch.setattr(client, "POLL_SECONDS", 0.01)
    run = kfp_server.run(cluster.start(version, "first", {}))
    html = {"Content-Type": "text/html"}
    kfp_server.answers["run_service_get_run"] = [(503, html, b"down")] * 4
    states = []
    for status in cluster.follow(run.run_id):
        states.append(status.state)
        run.state = "RUNNING" if len(states) < 3 else "SUCCEEDED"
    assert states == ["pending", "running", "running", "succeeded"]
    assert kfp_server.operations.count("pipeline_service_get_pipeline_version") == 1


def test_following_gives_up_when_the_silence_lasts(kfp_server, cluster, version, monkeypatch):
    monkeypatch.setattr(client, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.0)
    run_id = cluster.start(version, "first", {})
    kfp_server.answers["run_service_get_run"] = [(503, {}, b"down")] * 20
    with pytest.raises(ClusterUnreachableError):
        list(cluster.follow(run_id))


@pytest.fixture
def schedules(cluster):
    return Schedules(cluster)


def test_a_schedule_is_made_listed_paused_and_deleted(kfp_server, schedules, version):
    nightly = Trigger(cron="0 0 2 * * *")
    made = schedules.create(
        version, "nightly", nightly, {"epochs": 5}, max_concurrency=1, catches_up=False
    )
    [sent] = kfp_server.schedules
    assert (sent.no_catchup, sent.service_account, sent.mode) == (
        True,
        "deepfake-pipeline",
        "ENABLE",
    )
    [found] = schedules.listed()
    assert (found.schedule_id, found.trigger, found.is_enabled) == (made, nightly, True)
    assert (found.max_concurrency, found.version_id) == (1, version.version_id)
    schedules.disable(schedules.find("nightly"))
    assert not schedules.find(made[:5]).is_enabled
    schedules.enable(schedules.find(made))
    assert schedules.find(made).is_enabled
    schedules.delete(schedules.find(made))
    assert list(schedules.listed()) == kfp_server.schedules == []


def test_an_interval_is_a_schedule_too(schedules, version):
    hourly = Trigger(interval_seconds=3600)
    schedules.create(version, "hourly", hourly, {}, max_concurrency=2, catches_up=True)
    [found] = schedules.listed()
    assert (found.trigger, str(found.trigger)) == (hourly, "every 1:00:00")


def test_a_second_schedule_of_one_name_is_refused(schedules, version):
    arguments = (version, "nightly", Trigger(cron="@daily"), {})
    schedules.create(*arguments, max_concurrency=1, catches_up=True)
    with raises_code("schedule_exists", match="a schedule nightly exists: "):
        schedules.create(*arguments, max_concurrency=1, catches_up=True)
    with raises_code("no_such_schedule", match="no schedule has the name or id 'x'"):
        schedules.find("x")


def test_with_profiles_a_schedule_is_of_the_namespace(kfp_server, package):
    kfp_server.multi_user = True
    config = KubeflowConfig(host=kfp_server.address, namespace="team-a", service_account="")
    cluster = Cluster(config, "deepfake-kubeflow")
    version = cluster.uploaded.upload(package())
    Schedules(cluster).create(
        version, "nightly", Trigger(cron="@daily"), {}, max_concurrency=1, catches_up=True
    )
    [sent] = kfp_server.schedules
    assert (sent.namespace, sent.service_account) == ("team-a", None)


def test_a_real_error_of_the_api_is_not_taken_for_a_race(kfp_server, cluster, version):
    kfp_server.answers["experiment_service_create_experiment"] = [
        (500, JSON, b'{"message": "disk full", "code": 13}')
    ]
    with pytest.raises(ClusterRefusedError, match="disk full"):
        cluster.start(version, "first", {})


def test_times_are_those_of_the_cluster(kfp_server, cluster, version):
    run_id = cluster.start(version, "first", {})
    status = cluster.status(run_id)
    assert status.created == kfp_server.run(run_id).created_at
    assert status.created.tzinfo is not None
    run = kfp_server.run(run_id)
    run.state, run.finished_at = "SUCCEEDED", run.created_at + datetime.timedelta(minutes=2)
    assert cluster.status(run_id).seconds == 120
    assert [step.state for step in status.steps] == ["waiting"] * 4
