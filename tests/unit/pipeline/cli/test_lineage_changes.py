"""`deepfake lineage diff`, `verify` and `erase`, on a made output folder."""

import csv
import io
import json
import shutil

import lineage_store
import pytest

from pipeline.cli import lineage
from pipeline.runs import folders
from pipeline.runs.folders import DashboardFolder
from schemas.errors import CallError, NoRecordsError, OutputInUseError, UnknownRunError

KEY = "made/swap/v7"


@pytest.fixture
def output(tmp_path):
    lineage_store.make_store(tmp_path / "runs", runs=3)
    return tmp_path / "runs"


@pytest.fixture
def call(output, capfd):
    """Calls a command on the folder; returns its status and what it printed on stdout."""

    def call(*arguments):
        status = lineage.lineage.main(
            args=[*arguments, "--output", str(output)], prog_name="x", standalone_mode=False
        )
        return status or 0, capfd.readouterr().out

    return call


def test_diff_prints_the_changes_as_a_table(call):
    status, printed = call("diff", "20260101-000000", "latest")
    assert status == 0
    assert "videos: 6 added, 6 removed" in printed
    assert "  training.seed  0 -> 2" in printed
    assert "0.950 [0.850, 1.000]  0.500 [0.400, 0.600]  -0.450      apart" in printed


def test_diff_prints_csv_and_json_with_everything(call):
    _, printed = call("diff", "20260101-000000", "latest", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [row["section"] for row in rows].count("added") == 6
    assert float(rows[-1]["difference"]) == pytest.approx(-0.45)
    _, printed = call("diff", "20260101-000000", "latest", "--format", "json")
    document = json.loads(printed)
    assert document["metrics"][0]["before"] == {"value": 0.95, "lower": 0.85, "upper": 1.0}


def test_an_unknown_run_is_a_bad_call_with_a_code(call):
    with pytest.raises(UnknownRunError, match="no run '1999'") as refused:
        call("diff", "1999", "latest")
    assert refused.value.code == "unknown_run"


def test_a_folder_without_records_is_a_bad_call_and_stays_as_it_is(call, output):
    shutil.rmtree(output)
    for arguments in (("verify",), ("erase", KEY), ("erase", KEY, "--execute")):
        with pytest.raises(NoRecordsError, match="no records"):
            call(*arguments)
    assert not output.exists()


def test_verify_ends_with_1_where_there_are_findings(call):
    # The store generator writes no examples: none of those in the index are in the files.
    status, printed = call("verify", "--format", "csv")
    assert status == lineage.FINDINGS == 1
    found = {row["code"] for row in csv.DictReader(io.StringIO(printed))}
    assert {"example_digest", "files_missing"} <= found
    status, printed = call("verify")
    assert status == 1
    assert "findings" in printed.splitlines()[-1]


def test_verify_looks_for_no_orphans_while_a_run_is_at_work(call, output):
    (output / "artifacts" / "Trainer" / "model" / "99").mkdir(parents=True)
    assert "orphan_folder" in call("verify")[1]
    with folders.locked(output):
        assert "orphan_folder" not in call("verify")[1]


def test_erase_without_execute_prints_the_plan_and_leaves_all_as_it_is(call, output):
    before = sorted(output.rglob("*"))
    status, printed = call("erase", KEY)
    assert status == 0
    assert f"plan to erase the video {KEY}" in printed
    assert "  video file v7.mp4" in printed
    assert call("erase", KEY, "--format", "csv")[1].startswith("what,id,place,detail\nvideo,,made")
    assert sorted(output.rglob("*")) == before


def test_erase_wants_the_full_key_once_more(call, output):
    with pytest.raises(CallError, match="nothing was erased") as refused:
        call("erase", "person3", "--execute", "--confirm", "person3")
    assert refused.value.code == "not_confirmed"
    assert not (output / "erased.jsonl").exists()


def test_erase_with_the_key_erases_and_says_so(call, output):
    crop = DashboardFolder.below(output).frame("20260101-000000-made", KEY, 1)
    crop.parent.mkdir(parents=True)
    crop.write_bytes(b"a face")
    status, printed = call("erase", KEY, "--execute", "--confirm", KEY)
    assert status == 0
    assert "face crops on dashboard pages, removed: 1 files" in printed
    assert printed.splitlines()[-1].startswith("erased: 6 artifacts and 1 face crops removed, 5 mo")
    assert not crop.exists()
    assert (output / "erased.jsonl").exists()
    _, printed = call("erase", KEY, "--execute", "--confirm", KEY, "--format", "json")
    document = json.loads(printed)
    assert document["plan"]["is_listed"]
    assert document["done"]["removed"] == []


def test_erase_is_refused_while_a_run_is_at_work(call, output):
    with (
        folders.locked(output),
        pytest.raises(OutputInUseError, match="another run is using"),
    ):
        call("erase", KEY, "--execute", "--confirm", KEY)
    assert not (output / "erased.jsonl").exists()
