"""Which pages a run writes when, and that none of them costs it anything."""

import html
import json
import shutil
import subprocess
import sys

import pytest
from ml_metadata.metadata_store import metadata_store

from pipeline.config import load
from pipeline.dashboards import page_problems, pages, run_pages, site, sources
from pipeline.lineage import graph, store
from pipeline.metadata import connection
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import DashboardFolder, RunFolder
from pipeline.runs.journal import Journal
from schemas.errors import DashboardError
from schemas.names import NODES, REPORT

NAMES = {page.name for page in pages.PAGES}


def site_of(recorded_run):
    return DashboardFolder.below(recorded_run.folder.path.parent)


def written(recorded_run):
    folder = site_of(recorded_run).run(recorded_run.folder.run_id)
    return {path.stem for path in folder.glob("*.html")}


def text_of(recorded_run, name):
    path = site_of(recorded_run).run(recorded_run.folder.run_id) / f"{name}.html"
    return html.unescape(path.read_text())


def links(recorded_run):
    """Name of the page that each node of the run links to, by node."""
    opened = store.opened(recorded_run.config)
    return {
        execution.node: execution.properties["dashboard"]
        for execution in opened.executions_of(recorded_run.folder.run_id)
        if "dashboard" in execution.properties
    }


def problems(recorded_run):
    return [problem.message for problem in page_problems.of_run(recorded_run.folder)]


def end(recorded_run, *happened):
    journal = Journal(recorded_run.folder.journal)
    for event in (*happened, events.RunEnded(outcome=events.Outcome.FINISHED)):
        journal.append(event)


@pytest.mark.parametrize(
    ("node", "names"),
    [
        ("ExampleValidator", {"data"}),
        ("DataGate", {"data"}),
        ("Trainer", {"training"}),
        ("Evaluator", {"evaluation", "errors"}),
        ("Pusher", {"lineage"}),
    ],
)
def test_a_step_writes_the_pages_that_its_node_feeds(recorded_run, built, node, names):
    run_pages.write_for(recorded_run.folder, node)
    assert written(recorded_run) == names
    page = next(iter(page for page in run_pages.FEEDS[node]))
    address = site_of(recorded_run).run(recorded_run.folder.run_id) / f"{page.name}.html"
    assert links(recorded_run) == {node: str(address)}
    assert problems(recorded_run) == []


def test_a_step_whose_node_feeds_no_page_writes_nothing(recorded_run, built):
    for node in set(NODES) - set(run_pages.FEEDS):
        run_pages.write_for(recorded_run.folder, node)
    assert not site_of(recorded_run).path.exists()


def test_every_node_that_feeds_a_page_is_one_of_the_graph():
    assert set(run_pages.FEEDS) <= set(NODES)
    assert set(pages.STANDALONE) <= {*NODES, REPORT}


def test_a_page_that_cannot_be_made_says_why_and_the_others_are_written(recorded_run, built):
    built["evaluation"] = DashboardError("training_record", "history.jsonl breaks its contract")
    run_pages.write_for(recorded_run.folder, "Evaluator")
    assert written(recorded_run) == {"evaluation", "errors"}
    shown = text_of(recorded_run, "evaluation")
    assert "training_record: the page Evaluation: history.jsonl breaks its contract" in shown
    assert f"deepfake dashboard {recorded_run.folder.run_id}" in shown
    assert "<errors> of" in text_of(recorded_run, "errors")
    assert problems(recorded_run) == ["the page Evaluation: history.jsonl breaks its contract"]


def test_what_only_says_why_it_is_none_is_written_anew_by_the_command(recorded_run, built):
    built["evaluation"] = DashboardError("training_record", "no good")
    run_pages.write_for(recorded_run.folder, "Evaluator")
    opened = sources.of_run(recorded_run.folder, store.opened(recorded_run.config))
    assert site.is_current(site.page_path(pages.ERRORS, opened), site.stamp_of_run(opened))
    page = site.page_path(pages.EVALUATION, opened)
    assert not site.is_current(page, site.stamp_of_run(opened))


def test_a_bug_in_a_page_stops_neither_the_step_nor_its_link(recorded_run, built, caplog):
    built["training"] = ZeroDivisionError("a bug")
    run_pages.write_for(recorded_run.folder, "Trainer")
    assert "ZeroDivisionError: the page Training: a bug" in text_of(recorded_run, "training")
    assert "Traceback" in caplog.text
    assert set(links(recorded_run)) == {"Trainer"}


def test_the_copy_of_a_page_is_one_file_that_needs_no_other(recorded_run, built, tmp_path):
    copy = tmp_path / "kubeflow" / "training_page"
    run_pages.write_for(recorded_run.folder, "Trainer", page_copy=copy)
    text = copy.read_text()
    assert "&lt;training&gt; of" in text
    assert "assets/" not in text.replace("data-assets/", "")
    assert "All runs" not in text


def test_a_copy_is_there_even_if_the_page_could_not_be_made(recorded_run, built, tmp_path):
    """Kubeflow's pages show an error of their own where the file of an artifact is missing."""
    built["training"] = DashboardError("training_record", "no good")
    run_pages.write_for(recorded_run.folder, "Trainer", page_copy=tmp_path / "copy")
    assert (
        "training_record: the page Training as one file: no good" in (tmp_path / "copy").read_text()
    )


def test_after_a_run_all_its_pages_are_there_with_the_index_and_the_links(recorded_run, built):
    end(recorded_run)
    run_pages.write_for(recorded_run.folder)
    assert written(recorded_run) == NAMES
    assert recorded_run.folder.run_id in site_of(recorded_run).index.read_text()
    assert set(links(recorded_run)) == set(run_pages.FEEDS)
    assert problems(recorded_run) == []


def test_a_cached_execution_links_to_the_page_of_its_own_run(recorded_run, built):
    cached = [
        events.NodeEnded(node=node, state=NodeState.CACHED) for node in ("Trainer", "Evaluator")
    ]
    end(recorded_run, *cached)
    run_pages.write_for(recorded_run.folder)
    assert recorded_run.folder.run_id in links(recorded_run)["Trainer"]


def test_a_node_that_the_run_left_out_keeps_the_link_of_the_run_that_did_it(recorded_run, built):
    """Its execution in this run records nothing at all, and readers look for the first one."""
    end(recorded_run, events.NodeEnded(node="DataGate", state=NodeState.SKIPPED))
    run_pages.write_for(recorded_run.folder)
    assert set(links(recorded_run)) == set(run_pages.FEEDS) - {"DataGate"}


def test_before_anything_is_recorded_there_are_pages_and_no_links(recorded_run, built):
    end(recorded_run)
    connection.sqlite_path(recorded_run.config).unlink()
    run_pages.write_for(recorded_run.folder)
    assert written(recorded_run) == NAMES
    assert problems(recorded_run) == []


def test_a_run_that_failed_for_its_metadata_has_pages(recorded_run, built, caplog):
    end(recorded_run)
    connection.sqlite_path(recorded_run.config).write_text("something else")
    run_pages.write_for(recorded_run.folder)
    assert written(recorded_run) == NAMES
    assert problems(recorded_run) == []
    assert "the pages are without ML Metadata: metadata_not_a_store" in caplog.text


def test_a_run_is_compared_with_the_one_before_it(recorded_run, built):
    later = RunFolder(recorded_run.folder.path.with_name("20260201-000000-made"))
    end(recorded_run)
    shutil.copytree(recorded_run.folder.path, later.path)
    journal = later.journal.read_text().replace(recorded_run.folder.run_id, later.run_id)
    later.journal.write_text(journal)
    run_pages.write_for(later)
    assert site_of(recorded_run).comparison(recorded_run.folder.run_id, later.run_id).exists()


def test_the_report_writes_the_page_of_the_run_and_says_of_others_that_they_are_missing(
    recorded_run, built, tmp_path
):
    run_pages.write_for(recorded_run.folder, "Trainer")
    end(recorded_run)
    run_pages.write_for(recorded_run.folder, REPORT, page_copy=tmp_path / "run_page")
    assert written(recorded_run) == NAMES
    assert "<index> of" in text_of(recorded_run, "index")
    assert "<training> of" in text_of(recorded_run, "training")
    assert "The run ended before it came to this." in text_of(recorded_run, "evaluation")
    assert site_of(recorded_run).index.exists()
    assert "&lt;index&gt; of" in (tmp_path / "run_page").read_text()


def test_the_report_asks_no_metadata_store(recorded_run, built):
    mysql = {"metadata.backend": "mysql", "metadata.host": "db.invalid"}
    config = load.with_overrides(recorded_run.config, mysql)
    recorded_run.folder.config.write_text(load.dump(config))
    end(recorded_run)
    run_pages.write_for(recorded_run.folder, REPORT)
    assert problems(recorded_run) == []
    assert "<index> of" in text_of(recorded_run, "index")


def test_the_report_loads_neither_tensorflow_nor_tfx(recorded_run):
    """With the real page of the run."""
    end(recorded_run)
    script = f"""
import json, pathlib, sys
from pipeline.runs.folders import RunFolder
from pipeline.dashboards import run_pages
from pipeline.runners import closing
folder = RunFolder(pathlib.Path({str(recorded_run.folder.path)!r}))
run_pages.write_for(folder, {REPORT!r}, report=closing.report(folder))
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    heavy = {"tensorflow", "tfx", "tensorflow_model_analysis", "kfp", "apache_beam", "keras"}
    assert loaded & heavy == set()
    assert problems(recorded_run) == [], done.stderr


def test_lineage_shows_the_link(recorded_run, built):
    end(recorded_run)
    run_pages.write_for(recorded_run.folder)
    diagram = graph.graph_of(store.opened(recorded_run.config), recorded_run.folder.run_id)
    shown = {
        node.title: node.properties["dashboard"]
        for node in diagram.nodes
        if "dashboard" in node.properties
    }
    assert set(shown) == set(run_pages.FEEDS)


def test_links_are_found_by_whoever_asks_ml_metadata(recorded_run, built):
    end(recorded_run)
    run_pages.write_for(recorded_run.folder)
    client = metadata_store.MetadataStore(connection.connection(recorded_run.config))
    found = {
        execution.custom_properties["dashboard"].string_value.rpartition("/")[2]
        for execution in client.get_executions()
        if "dashboard" in execution.custom_properties
    }
    assert found == {"data.html", "training.html", "evaluation.html", "lineage.html"}
