"""Which pages a run writes when, and that none of them costs it anything."""

import html
import json
import shutil
import subprocess
import sys

import pytest
from ml_metadata.metadata_store import metadata_store

from pipeline.config import load
from pipeline.config.nodes import NODES, REPORT
from pipeline.dashboards import pages, sources, stamps, writing
from pipeline.dashboards.errors import PanelDataError
from pipeline.journal import events
from pipeline.journal.dashboard_folder import DashboardFolder
from pipeline.journal.events import NodeState
from pipeline.journal.log import Journal
from pipeline.journal.run_folder import RunFolder
from pipeline.lineage import graph, store
from pipeline.metadata import connection
from pipeline.runners import page_problems, run_pages

NAMES = {page.name for page in pages.PAGES}


def site_of(recorded):
    return DashboardFolder.below(recorded.folder.path.parent)


def written(recorded):
    folder = site_of(recorded).run(recorded.folder.run_id)
    return {path.stem for path in folder.glob("*.html")}


def text_of(recorded, name):
    path = site_of(recorded).run(recorded.folder.run_id) / f"{name}.html"
    return html.unescape(path.read_text())


def links(recorded):
    """Name of the page that each node of the run links to, by node."""
    opened = store.opened(recorded.config)
    return {
        execution.node: execution.properties["dashboard"]
        for execution in opened.executions_of(recorded.folder.run_id)
        if "dashboard" in execution.properties
    }


def problems(recorded):
    return [problem.message for problem in page_problems.of_run(recorded.folder)]


def end(recorded, *happened):
    journal = Journal(recorded.folder.journal)
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
def test_a_step_writes_the_pages_that_its_node_feeds(recorded, built, node, names):
    run_pages.after_node(recorded.folder, node)
    assert written(recorded) == names
    page = next(iter(page for page in run_pages.FEEDS[node]))
    address = site_of(recorded).run(recorded.folder.run_id) / f"{page.name}.html"
    assert links(recorded) == {node: str(address)}
    assert problems(recorded) == []


def test_a_step_whose_node_feeds_no_page_writes_nothing(recorded, built):
    for node in set(NODES) - set(run_pages.FEEDS):
        run_pages.after_node(recorded.folder, node)
    assert not site_of(recorded).path.exists()


def test_every_node_that_feeds_a_page_is_one_of_the_graph():
    assert set(run_pages.FEEDS) <= set(NODES)
    assert set(run_pages.STANDALONE) <= {*NODES, REPORT}


def test_a_page_that_cannot_be_made_says_why_and_the_others_are_written(recorded, built):
    built["evaluation"] = PanelDataError("robustness.json breaks its contract")
    run_pages.after_node(recorded.folder, "Evaluator")
    assert written(recorded) == {"evaluation", "errors"}
    shown = text_of(recorded, "evaluation")
    assert "panel_data: the page Evaluation: robustness.json breaks its contract" in shown
    assert f"deepfake dashboard {recorded.folder.run_id}" in shown
    assert "<errors> of" in text_of(recorded, "errors")
    assert problems(recorded) == ["the page Evaluation: robustness.json breaks its contract"]


def test_what_only_says_why_it_is_none_is_written_anew_by_the_command(recorded, built):
    built["evaluation"] = PanelDataError("no good")
    run_pages.after_node(recorded.folder, "Evaluator")
    opened = sources.of_run(recorded.folder, store.opened(recorded.config))
    assert stamps.is_current(writing.page_path(pages.ERRORS, opened), stamps.of_run(opened))
    page = writing.page_path(pages.EVALUATION, opened)
    assert not stamps.is_current(page, stamps.of_run(opened))


def test_a_bug_in_a_page_stops_neither_the_step_nor_its_link(recorded, built, caplog):
    built["training"] = ZeroDivisionError("a bug")
    run_pages.after_node(recorded.folder, "Trainer")
    assert "ZeroDivisionError: the page Training: a bug" in text_of(recorded, "training")
    assert "Traceback" in caplog.text
    assert set(links(recorded)) == {"Trainer"}


def test_the_copy_of_a_page_is_one_file_that_needs_no_other(recorded, built, tmp_path):
    copy = tmp_path / "kubeflow" / "training_page"
    run_pages.after_node(recorded.folder, "Trainer", page_copy=copy)
    text = copy.read_text()
    assert "&lt;training&gt; of" in text
    assert "assets/" not in text.replace("data-assets/", "")
    assert "All runs" not in text


def test_a_copy_is_there_even_if_the_page_could_not_be_made(recorded, built, tmp_path):
    """Kubeflow's pages show an error of their own where the file of an artifact is missing."""
    built["training"] = PanelDataError("no good")
    run_pages.after_node(recorded.folder, "Trainer", page_copy=tmp_path / "copy")
    assert "panel_data: the page Training as one file: no good" in (tmp_path / "copy").read_text()


def test_after_a_run_all_its_pages_are_there_with_the_index_and_the_links(recorded, built):
    end(recorded)
    run_pages.after_run(recorded.folder)
    assert written(recorded) == NAMES
    assert recorded.folder.run_id in site_of(recorded).index.read_text()
    assert set(links(recorded)) == set(run_pages.FEEDS)
    assert problems(recorded) == []


def test_a_cached_execution_links_to_the_page_of_its_own_run(recorded, built):
    cached = [
        events.NodeEnded(node=node, state=NodeState.CACHED) for node in ("Trainer", "Evaluator")
    ]
    end(recorded, *cached)
    run_pages.after_run(recorded.folder)
    assert recorded.folder.run_id in links(recorded)["Trainer"]


def test_a_node_that_the_run_left_out_keeps_the_link_of_the_run_that_did_it(recorded, built):
    """Its execution in this run records nothing at all, and readers look for the first one."""
    end(recorded, events.NodeEnded(node="DataGate", state=NodeState.SKIPPED))
    run_pages.after_run(recorded.folder)
    assert set(links(recorded)) == set(run_pages.FEEDS) - {"DataGate"}


def test_before_anything_is_recorded_there_are_pages_and_no_links(recorded, built):
    end(recorded)
    connection.sqlite_path(recorded.config).unlink()
    run_pages.after_run(recorded.folder)
    assert written(recorded) == NAMES
    assert problems(recorded) == []


def test_a_run_that_failed_for_its_metadata_has_pages(recorded, built, caplog):
    end(recorded)
    connection.sqlite_path(recorded.config).write_text("something else")
    run_pages.after_run(recorded.folder)
    assert written(recorded) == NAMES
    assert problems(recorded) == []
    assert "the pages are without ML Metadata: metadata_not_a_store" in caplog.text


def test_a_run_is_compared_with_the_one_before_it(recorded, built):
    later = RunFolder(recorded.folder.path.with_name("20260201-000000-made"))
    end(recorded)
    shutil.copytree(recorded.folder.path, later.path)
    journal = later.journal.read_text().replace(recorded.folder.run_id, later.run_id)
    later.journal.write_text(journal)
    run_pages.after_run(later)
    assert site_of(recorded).comparison(recorded.folder.run_id, later.run_id).exists()


def test_the_report_writes_the_page_of_the_run_and_says_of_others_that_they_are_missing(
    recorded, built, tmp_path
):
    run_pages.after_node(recorded.folder, "Trainer")
    end(recorded)
    run_pages.after_report(recorded.folder, page_copy=tmp_path / "run_page")
    assert written(recorded) == NAMES
    assert "<index> of" in text_of(recorded, "index")
    assert "<training> of" in text_of(recorded, "training")
    assert "The run ended before it came to this." in text_of(recorded, "evaluation")
    assert site_of(recorded).index.exists()
    assert "&lt;index&gt; of" in (tmp_path / "run_page").read_text()


def test_the_report_asks_no_metadata_store(recorded, built):
    mysql = {"metadata.backend": "mysql", "metadata.host": "db.invalid"}
    config = load.with_overrides(recorded.config, mysql)
    recorded.folder.config.write_text(load.dump(config))
    end(recorded)
    run_pages.after_report(recorded.folder)
    assert problems(recorded) == []
    assert "<index> of" in text_of(recorded, "index")


def test_the_report_loads_neither_tensorflow_nor_tfx(recorded):
    """With the real page of the run."""
    end(recorded)
    script = f"""
import json, pathlib, sys
from pipeline.journal.run_folder import RunFolder
from pipeline.runners import closing, run_pages
folder = RunFolder(pathlib.Path({str(recorded.folder.path)!r}))
closing.report(folder)
run_pages.after_report(folder)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    heavy = {"tensorflow", "tfx", "tensorflow_model_analysis", "kfp", "apache_beam", "keras"}
    assert loaded & heavy == set()
    assert problems(recorded) == [], done.stderr


def test_lineage_shows_the_link(recorded, built):
    end(recorded)
    run_pages.after_run(recorded.folder)
    diagram = graph.of(store.opened(recorded.config), recorded.folder.run_id)
    shown = {
        node.title: node.properties["dashboard"]
        for node in diagram.nodes
        if "dashboard" in node.properties
    }
    assert set(shown) == set(run_pages.FEEDS)


def test_links_are_found_by_whoever_asks_ml_metadata(recorded, built):
    end(recorded)
    run_pages.after_run(recorded.folder)
    client = metadata_store.MetadataStore(connection.connection(recorded.config))
    found = {
        execution.custom_properties["dashboard"].string_value.rpartition("/")[2]
        for execution in client.get_executions()
        if "dashboard" in execution.custom_properties
    }
    assert found == {"data.html", "training.html", "evaluation.html", "lineage.html"}
