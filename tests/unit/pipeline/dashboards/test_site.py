"""A site is brought up to date: what changed is made again, and nothing else."""

import dataclasses
import json
import re

import lineage_store
import pytest
from coded import raises_code
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.config import load
from pipeline.dashboards import site, sources
from pipeline.dashboards.pages import DATA, PAGES, Absent, Page
from pipeline.metadata import connection
from pipeline.runs import events
from pipeline.runs.folders import RunFolder
from schemas import erased
from schemas.errors import DashboardError


@pytest.fixture
def made(monkeypatch):
    """Every page is a sentence; the list grows by `<page> of <run>` with each that is made."""
    made = []

    def content(self):
        def build(run):
            if self is DATA:
                expect_readable(run.folder.path / "data.json")
            made.append(f"{self.name} of {run.run_id}")
            return Absent(reason=f"Nothing of {run.run_id}.")

        return build

    monkeypatch.setattr(Page, "content", property(content))
    return made


@pytest.fixture
def runs(make_run, auc):
    make_run("r1", auc(overall=(0.9, 0.8, 1.0)), version="7")
    make_run("r2", auc(overall=(0.9, 0.8, 1.0)), version="8")
    return make_run


@pytest.fixture
def config(make_run):
    return load.with_overrides(load.load("demo"), {"output": str(make_run.output)})


@pytest.fixture
def recorded(runs, monkeypatch):
    """The same two runs with records in ML Metadata."""
    monkeypatch.setattr(lineage_store, "run_name", lambda number: f"r{number + 1}")
    reports = {name: (runs.output / name / "summary.json").read_text() for name in ("r1", "r2")}
    lineage_store.make_store(runs.output, runs=2)
    for name, report in reports.items():
        (runs.output / name / "summary.json").write_text(report)
    return runs


def expect_readable(path):
    """Stands for what a page reads; the file may be wrong."""
    if path.is_file() and path.read_text() != "{}":
        raise DashboardError("made_record", f"{path} breaks its contract")


def every_page(*run_ids):
    return sorted(f"{page.name} of {run_id}" for run_id in run_ids for page in PAGES)


def test_every_page_of_every_run_is_made_once(runs, config, made):
    told = []
    built = site.build(config, tell=told.append)
    assert sorted(made) == every_page("r1", "r2")
    assert [(result.run_id, len(result.written)) for result in told] == [("r1", 6), ("r2", 6)]
    assert built.is_complete
    assert built.index == runs.output / "dashboard" / "index.html"
    made.clear()
    assert [result.written for result in site.build(config).results] == [(), ()]
    assert made == []


def test_only_the_run_that_is_named_is_looked_at(runs, config, made):
    site.build(config, run_ids=["r2"])
    assert sorted(made) == every_page("r2")


def test_force_makes_all_again(runs, config, made):
    site.build(config)
    made.clear()
    site.build(config, is_forced=True)
    assert sorted(made) == every_page("r1", "r2")


def remove_a_page(output):
    (output / "dashboard" / "runs" / "r1" / "data.html").unlink()


def grow_the_journal(output):
    with (output / "r1" / "events.jsonl").open("a") as file:
        print(events.to_json(events.NodeStarted(node="Pusher")), file=file)


def change_the_configuration(output):
    (output / "r1" / "config.yaml").write_text("name: another\n")


def erase_a_video(output):
    key = erased.ErasedKey(kind="video", sha256="0" * 64, erased_at="now")
    erased.add(output / erased.FILE_NAME, key)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (remove_a_page, ["data of r1"]),
        (grow_the_journal, every_page("r1")),
        (change_the_configuration, every_page("r1")),
        (erase_a_video, every_page("r1", "r2")),
    ],
)
def test_what_a_page_was_made_from_decides(runs, config, made, change, expected):
    site.build(config)
    made.clear()
    change(runs.output)
    site.build(config)
    assert sorted(made) == expected


def test_other_code_makes_all_again(runs, config, made, monkeypatch):
    site.build(config)
    made.clear()
    monkeypatch.setattr(site, "_code", lambda: "another")
    site.build(config)
    assert sorted(made) == every_page("r1", "r2")


def test_a_later_use_of_a_model_renews_the_pages_of_its_run(recorded, config, made):
    site.build(config)
    made.clear()
    client = metadata_store.MetadataStore(connection.of_file(connection.sqlite_path(config)))
    model = min(client.get_artifacts_by_type("Model"), key=lambda artifact: artifact.id)
    [kind] = [each for each in client.get_execution_types() if each.name.endswith("Evaluator")]
    read = mlmd.Event(type=mlmd.Event.INPUT, artifact_id=model.id)
    client.put_execution(mlmd.Execution(type_id=kind.id), [(model, read)], [])
    site.build(config)
    assert sorted(made) == every_page("r1")


def test_a_page_that_cannot_be_made_stops_no_other(runs, config, made):
    record = runs.output / "r1" / "data.json"
    record.write_text("{")
    built = site.build(config)
    assert sorted(made) == [name for name in every_page("r1", "r2") if name != "data of r1"]
    assert not built.is_complete
    [error] = built.results[0].errors
    assert error.code == "made_record"
    assert built.index.is_file()
    made.clear()
    record.write_text("{}")
    assert site.build(config).is_complete
    assert "data of r1" in made


def test_a_run_that_cannot_be_read_is_told_and_stops_no_other(runs, config, made):
    (runs.output / "r1" / "summary.json").write_text("{")
    told = []
    assert not site.build(config, tell=told.append).is_complete
    assert [error.code for result in told for error in result.errors] == ["unreadable_run"]
    assert sorted(made) == every_page("r2")


def test_a_folder_without_runs_says_what_to_do(tmp_path):
    empty = load.with_overrides(load.load("demo"), {"output": str(tmp_path)})
    with raises_code("no_runs", match="see --output"):
        site.build(empty)
    assert list(tmp_path.iterdir()) == []


def test_with_records_each_run_comes_with_its_comparison_and_leads_to_it(recorded, config, made):
    written = {path.name for result in site.build(config).results for path in result.written}
    assert "r1--r2.html" in written
    folder = recorded.output / "dashboard" / "runs"
    link = 'href="../../compare/r1--r2.html"'
    assert link in (folder / "r2" / "index.html").read_text()
    assert "compare/" not in (folder / "r1" / "index.html").read_text()
    assert all(result.written == () for result in site.build(config).results)


def test_a_comparison_is_made_again_once_the_earlier_run_changed(recorded, config, made):
    site.build(config)
    change_the_configuration(recorded.output)
    results = {result.run_id: result.written for result in site.build(config).results}
    assert [path.name for path in results["r2"]] == ["r1--r2.html"]


def test_any_two_runs_are_compared_on_request_and_the_index_leads_there(recorded, config):
    path = site.compare(config, "r2", "r1")
    assert path == recorded.output / "dashboard" / "compare" / "r2--r1.html"
    written = path.stat().st_mtime_ns
    assert site.compare(config, "r2", "r1").stat().st_mtime_ns == written
    assert '"built":["r2--r1"]' in (recorded.output / "dashboard" / "index.html").read_text()


def test_pages_that_a_run_wrote_itself_are_not_made_again(recorded, config, made):
    store = site.opened(config)
    for name in ("r1", "r2"):
        run = sources.of_run(RunFolder(recorded.output / name), store)
        for page in PAGES:
            site.write_page(page, run, site.stamp_of_run(run))
    made.clear()
    site.build(config)
    assert made == []


def test_building_changes_nothing_but_the_site(recorded, config, made):
    def others():
        files = (path for path in recorded.output.rglob("*") if path.is_file())
        site_folder = recorded.output / "dashboard"
        return {p: p.read_bytes() for p in files if not p.is_relative_to(site_folder)}

    before = others()
    site.build(config)
    assert others() == before


def test_a_page_of_a_run_that_goes_on_is_live_and_one_that_stands_alone_leads_nowhere(runs, made):
    folder = runs.begin("r3")
    run = sources.of_run(folder, None)
    assert "<body data-live>" in site.page_text(PAGES[0], run)
    alone = site.page_text(PAGES[0], run, is_standalone=True)
    assert not re.search(r'(href|src)="(?!#|data:)', alone)


def test_the_run_that_is_compared_with_is_gathered_with_its_records(recorded, config):
    run = sources.of_run(RunFolder(recorded.output / "r2"), site.opened(config))
    former = site.predecessor(run)
    assert former.run_id == "r1"
    assert former.store is run.store
    assert site.predecessor(dataclasses.replace(run, store=None)) is None


def test_a_report_of_another_version_costs_no_other_run_its_pages(runs, config, made):
    report = runs.output / "r1" / "summary.json"
    values = json.loads(report.read_text())
    del values["splits"]
    report.write_text(json.dumps(values))
    built = site.build(config)
    assert sorted(made) == every_page("r2")
    assert [(r.run_id, [e.code for e in r.errors]) for r in built.results] == [
        ("r1", ["unreadable_run"]),
        ("r2", []),
    ]


def test_a_comparison_that_was_asked_for_once_is_made_again_after_an_erasure(
    recorded, config, made
):
    page = site.compare(config, "r2", "r1")  # not the pair that is made by itself
    site.build(config)
    before = page.stat().st_mtime_ns
    site.build(config)
    assert page.stat().st_mtime_ns == before
    erase_a_video(recorded.output)
    told = [result.run_id for result in site.build(config).results]
    assert told == ["r1", "r2", "r2 and r1"]
    assert page.stat().st_mtime_ns > before


def test_a_comparison_made_during_an_erasure_is_made_again(recorded, config, monkeypatch):
    records = site.opened(config)
    pair = [sources.of_run(RunFolder(recorded.output / name), records) for name in ("r1", "r2")]
    make = site.comparison_page.content

    def make_and_erase(before, after):
        content = make(before, after)
        erase_a_video(recorded.output)
        return content

    monkeypatch.setattr(site.comparison_page, "content", make_and_erase)
    page = site.write_comparison(*pair)
    assert not site.is_current(page, site.stamp_of_pair(*pair))
