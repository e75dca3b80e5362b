"""`deepfake submit`, `schedule` and `status` against an API over HTTP."""

import json
import re
import shutil
import subprocess
import sys
import types

import kfp_nodes
import pytest
import yaml

from pipeline.cli import cluster, main, schedules
from pipeline.config import load
from pipeline.runners.cluster import client
from pipeline.runners.kubeflow import package_file

STEPS = ["prepare", "trainer", "evaluator", "report"]


@pytest.fixture
def mine(tmp_path, kfp_server):
    """A configuration of the cluster, and a token for it."""
    kfp_server.tokens = {"good-token"}
    (tmp_path / "token").write_text("good-token\n")
    kubeflow = {"host": kfp_server.address, "token_file": str(tmp_path / "token")}
    values = {"name": "deepfake-kubeflow", "output": "/deepfake/runs", "kubeflow": kubeflow}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def deepfake(monkeypatch, mine, capsys):
    """Calls the command with `--config mine.yaml`; returns status, stdout and stderr."""
    for command in (cluster.submit, cluster.status, schedules.schedule):
        monkeypatch.setitem(main.cli.commands, command.name, command)
    monkeypatch.setattr(client, "POLL_SECONDS", 0.01)

    def deepfake(*arguments, config=mine):
        status = main.main([*arguments, "--config", str(config)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return deepfake


@pytest.fixture
def compiled(monkeypatch, package):
    """What is compiled without --package: a small package, and the configurations it was of."""
    seen = []

    def write_package(config, path, shown):
        seen.append(config)
        shutil.copy(package(), path)
        return package_file.read_package(path)

    stub = types.SimpleNamespace(write_package=write_package)
    monkeypatch.setitem(sys.modules, "pipeline.runners.kubeflow.compiler", stub)
    monkeypatch.setattr("pipeline.runners.kubeflow.compiler", stub, raising=False)
    return seen


def submitted(out):
    return re.search(r"^run +(\S+)", out, re.M)[1]


def test_submit_uploads_starts_and_tells_how_to_go_on(deepfake, kfp_server, package, mine):
    path = package()
    status, out, _ = deepfake("submit", "--package", str(path), "--run-name", "first")
    run = kfp_server.run(submitted(out))
    assert status == 0
    assert re.search(r"^package +deepfake-kubeflow [0-9a-f]{12}, uploaded$", out, re.M)
    assert f"{kfp_server.address}/#/runs/details/{run.run_id}" in out
    assert f"deepfake status {run.run_id} --config {mine}" in out
    assert run.runtime_config.parameters == {"run_name": "first"}
    _, again, _ = deepfake("submit", "--package", str(path))
    assert "was uploaded before" in again
    assert len(kfp_server.versions) == 1
    assert len(kfp_server.runs) == 2


def test_submit_compiles_the_configuration_itself(deepfake, kfp_server, compiled):
    status, out, _ = deepfake("submit", "--set", "training.epochs=7")
    assert status == 0
    [config] = compiled
    assert config.training.epochs != 7, "a parameter of the run is not compiled in"
    name = kfp_server.run(submitted(out)).display_name
    assert re.fullmatch(r"deepfake-kubeflow-\d{8}-\d{6}", name)
    parameters = kfp_server.runs[0].runtime_config.parameters
    assert parameters == {"run_name": name, "epochs": 7}


def test_parameters_get_the_types_of_the_configuration(deepfake, kfp_server, package):
    values = ("training.epochs=7", "evaluation.min_auc=1", "data.manifest=007")
    sets = [word for value in values for word in ("--set", value)]
    assert deepfake("submit", "--package", str(package()), *sets)[0] == 0
    parameters = kfp_server.runs[0].runtime_config.parameters
    assert parameters.items() >= {"epochs": 7, "min_auc": 1.0, "manifest": "007"}.items()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("training.dropout=0.1", "training.dropout is compiled into the package; change it"),
        ("training.epochs=many", "training.epochs must be a whole number, got 'many'"),
        ("evaluation.min_auc=2", "evaluation.min_auc must be"),
        ("training.epochs", "--set wants KEY=VALUE"),
    ],
)
def test_a_value_that_no_run_can_have_starts_nothing(deepfake, kfp_server, package, value, message):
    status, _, err = deepfake("submit", "--package", str(package()), "--set", value)
    assert status == 2
    assert message in err
    assert kfp_server.runs == kfp_server.versions == []


def test_a_compiled_in_key_names_what_could_be_set(deepfake, package):
    _, _, err = deepfake("submit", "--package", str(package()), "--set", "clip.num_frames=3")
    assert "set one of data.manifest, evaluation.min_auc, training.epochs" in err
    assert err.rstrip().endswith("(not_a_run_parameter)")


def test_the_cluster_itself_may_be_set_in_the_call(deepfake, kfp_server, package, mine):
    values = yaml.safe_load(mine.read_text())
    address = values["kubeflow"].pop("host")
    mine.write_text(yaml.safe_dump(values))
    host = f"kubeflow.host={address}"
    status, out, _ = deepfake("submit", "--package", str(package()), "--set", host)
    assert status == 0
    assert f"--set {host}" in out, "the next command needs it too"
    assert deepfake("status", "latest", "--set", host)[0] == 0


def test_a_package_of_another_pipeline_is_refused(deepfake, package, kfp_server):
    path = package(name="another")
    status, _, err = deepfake("submit", "--package", str(path))
    assert (status, kfp_server.versions) == (2, [])
    assert "is a package of another, the configuration is of deepfake-kubeflow" in err


def test_nothing_is_compiled_when_the_cluster_does_not_answer(deepfake, compiled, mine):
    mine.with_name("token").write_text("stale-token")
    status, out, err = deepfake("submit")
    assert (status, compiled, out) == (2, [], "")
    assert "401" in err
    assert "(not_signed_in)" in err
    assert "stale-token" not in err
    assert err.count("\n") == 1


def test_nothing_is_compiled_for_a_key_that_no_package_takes(deepfake, compiled):
    status, _, err = deepfake("submit", "--set", "clip.num_frames=3")
    assert (status, compiled) == (2, [])
    assert err.startswith("deepfake: clip.num_frames is compiled into the package")


def test_no_host_says_what_to_set(deepfake, tmp_path):
    path = tmp_path / "none.yaml"
    path.write_text("name: x\n")
    for command in (["submit"], ["status"], ["status", "latest"], ["schedule", "list"]):
        status, _, err = deepfake(*command, config=path)
        assert status == 2
        assert "no cluster is configured; set kubeflow.host" in err


@pytest.fixture
def played(kfp_server):
    """Lets the next run that starts go through these states, one each time it is looked at."""

    def played(*acts):
        remaining = list(acts)
        get_run = kfp_server.run_service_get_run

        def next_act(request):
            run = get_run(request)
            state, steps = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            run.state, run.run_details = state, kfp_nodes.details(run.created_at, steps)
            return run

        kfp_server.run_service_get_run = next_act

    return played


def test_wait_follows_a_run_to_its_success(deepfake, package, played):
    done = {"state": "SUCCEEDED"}
    played(
        ("PENDING", {}),
        ("RUNNING", {"prepare": {"state": "RUNNING"}}),
        ("RUNNING", {"prepare": done, "trainer": {"state": "RUNNING"}}),
        ("RUNNING", {"prepare": done, "trainer": {"state": "RUNNING", "retries": 1}}),
        ("SUCCEEDED", dict.fromkeys(STEPS, done)),
    )
    status, out, _ = deepfake("submit", "--package", str(package()), "--wait")
    assert status == 0
    lines = [line.split(maxsplit=1)[1] for line in out.splitlines()[4:-1]]
    assert lines == [
        "prepare running",
        "prepare succeeded, 5.0s",
        "Trainer running",
        "Trainer running, retry 1",
        "Trainer succeeded, 5.0s",
        "Evaluator succeeded, 5.0s",
        "report succeeded, 5.0s",
    ]
    assert out.splitlines()[-1].startswith("the run has succeeded; report: /deepfake/runs/")


def test_wait_tells_why_a_run_failed(deepfake, package, played, kfp_server):
    failed = {"state": "FAILED", "message": "exit code 1: DataGate refused"}
    played(("FAILED", {"prepare": {"state": "SUCCEEDED"}, "trainer": failed}))
    status, out, _ = deepfake("submit", "--package", str(package()), "--wait")
    assert status == 1
    assert "the run has failed" in out
    assert "Trainer: error: exit code 1: DataGate refused" in out
    assert re.search(r"Trainer: log: kubectl logs wf-\S+ -c main", out)


@pytest.mark.parametrize("state", ["CANCELED", "SKIPPED"])
def test_wait_takes_no_other_end_for_success(deepfake, package, played, state):
    played((state, {}))
    status, out, _ = deepfake("submit", "--package", str(package()), "--wait")
    assert (status, out.splitlines()[-1].split(";")[0]) == (1, f"the run has {state.lower()}")


def test_an_interrupted_wait_says_that_the_run_goes_on(deepfake, package, played, monkeypatch):
    played(("RUNNING", {}))

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.runners.cluster.client.time.sleep", interrupt)
    status, out, err = deepfake("submit", "--package", str(package()), "--wait")
    assert status == 130
    assert f"the run goes on: deepfake status {submitted(out)}" in err


def test_status_shows_the_steps_in_a_table(deepfake, package, played):
    failed = {"state": "FAILED", "retries": 2, "message": "OOMKilled", "seconds": 90}
    played(("FAILED", {"prepare": {"state": "SUCCEEDED"}, "trainer": failed}))
    _, out, _ = deepfake("submit", "--package", str(package()), "--run-name", "first")
    run_id = submitted(out)
    status, out, _ = deepfake("status", run_id[:8])
    assert status == 0
    head, table = out.split("\n\n")
    assert head.splitlines()[0] == f"run     {run_id}  first"
    assert "state   failed" in head
    assert f"report  /deepfake/runs/first-{run_id}/summary.json on the volume" in head
    rows = [re.split(r"  +", line.strip()) for line in table.splitlines()]
    assert rows[0] == ["step", "state", "started (UTC)", "duration", "retries"]
    assert rows[1][:2] + rows[1][3:] == ["prepare", "succeeded", "5.0s", "0"]
    assert rows[2][:2] + rows[2][3:] == ["Trainer", "failed", "1:30", "2"]
    assert rows[3] == ["error: OOMKilled"]
    assert rows[5:] == [["Evaluator", "not run"], ["report", "not run"]]


def test_a_run_name_that_is_no_folder_name_is_refused_before_anything_is_sent(deepfake, package):
    status, _, err = deepfake("submit", "--package", str(package()), "--run-name", "a/b")
    assert status == 2
    assert "no slashes, got 'a/b'" in err


def test_status_gives_programs_json(deepfake, package, played):
    played(("RUNNING", {"prepare": {"state": "RUNNING"}}))
    _, out, _ = deepfake("submit", "--package", str(package()))
    found = json.loads(deepfake("status", "latest", "--json")[1])
    assert (found["run_id"], found["state"]) == (submitted(out), "running")
    assert [step["name"] for step in found["steps"]] == [
        "prepare",
        "Trainer",
        "Evaluator",
        "report",
    ]
    assert found["steps"][0]["started"].endswith("+00:00")
    [listed] = json.loads(deepfake("status", "--json")[1])
    assert listed["run_id"] == found["run_id"]


def test_status_lists_the_newest_runs(deepfake, package):
    assert "no runs of deepfake-kubeflow; start one" in deepfake("status")[1]
    path = str(package())
    for name in ("a", "b", "c"):
        deepfake("submit", "--package", path, "--run-name", name)
    lines = deepfake("status", "--limit", "2")[1].splitlines()
    assert [line.split()[1] for line in lines] == ["name", "c", "b"]


def test_status_of_an_unknown_run_is_a_bad_call(deepfake, package):
    deepfake("submit", "--package", str(package()))
    status, _, err = deepfake("status", "zzz")
    assert status == 2
    assert "no run starts with 'zzz'" in err
    assert "(no_such_run)" in err


def test_a_schedule_is_made_listed_and_removed(deepfake, kfp_server, package):
    arguments = ["schedule", "create", "--package", str(package()), "--cron", "0 0 2 * * *"]
    status, out, _ = deepfake(*arguments, "--no-catchup", "--set", "training.epochs=5")
    [made] = kfp_server.schedules
    assert status == 0
    assert f"schedule {made.recurring_run_id}  0 0 2 * * *" in out
    assert (made.display_name, made.max_concurrency) == ("deepfake-kubeflow", "1")
    assert made.runtime_config.parameters == {"epochs": 5}, "each run gets its name of the cluster"
    assert made.no_catchup
    row = deepfake("schedule", "list")[1].splitlines()[1].split(maxsplit=3)
    assert row[1:3] == ["deepfake-kubeflow", "enabled"]
    assert deepfake("schedule", "disable", "deepfake-kubeflow")[1].startswith("disabled ")
    assert "disabled" in deepfake("schedule", "list")[1]
    assert deepfake("schedule", "enable", made.recurring_run_id[:6])[1].startswith("enabled ")
    assert deepfake("schedule", "delete", made.recurring_run_id)[1].startswith("deleted ")
    assert kfp_server.schedules == []
    assert "no schedules of deepfake-kubeflow" in deepfake("schedule", "list")[1]


def test_a_second_schedule_needs_another_name(deepfake, kfp_server, package):
    arguments = ["schedule", "create", "--package", str(package()), "--every", "6h"]
    assert deepfake(*arguments)[0] == 0
    status, _, err = deepfake(*arguments)
    assert status == 2
    assert "give this one another --name (schedule_exists)" in err
    assert deepfake(*arguments, "--name", "frequent", "--max-concurrency", "3")[0] == 0
    assert [s.trigger.periodic_schedule.interval_second for s in kfp_server.schedules] == [
        "21600"
    ] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --cron or --every"),
        (["--cron", "0 2 * * *"], "did you mean '0 0 2 * * *'? (bad_trigger)"),
        (["--every", "5"], "--every must be a minute or more"),
        (["--every", "1h", "--cron", "@daily"], "give either --cron or --every"),
        (["--every", "1h", "--max-concurrency", "11"], "11 is not in the range 1<=x<=10"),
    ],
)
def test_a_bad_schedule_is_refused_before_anything_is_sent(
    deepfake, kfp_server, arguments, message
):
    status, _, err = deepfake("schedule", "create", *arguments)
    assert status == 2
    assert message in err
    assert kfp_server.calls == []


def test_the_whole_tree_of_commands_has_help_with_examples(deepfake, capsys):
    names = [
        "submit",
        "status",
        *(f"schedule {name}" for name in schedules.schedule.commands),
    ]
    for name in names:
        assert main.main([*name.split(), "--help"]) == 0
        assert f"  deepfake {name}" in capsys.readouterr().out


def test_help_loads_neither_kfp_nor_tfx():
    script = (
        "import sys; from pipeline.cli import cluster, schedules;"
        "heavy = {'kfp', 'kfp_server_api', 'tfx', 'tensorflow', 'rich'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_command_writes_below_the_home_folder(deepfake, package, tmp_path, monkeypatch):
    """kfp's own client keeps files there."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    deepfake("submit", "--package", str(package()))
    deepfake("status", "latest")
    assert list(home.iterdir()) == []


def test_the_shipped_configuration_names_parameters_that_the_section_has():
    config = load.load("kubeflow")
    values = [load.value_at(config, key) for key in config.kubeflow.parameters]
    assert values
    assert all(isinstance(value, (str, int, float)) for value in values)
