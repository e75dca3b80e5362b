"""The data page: panels of what there is, and a real browser that shows them."""

import dataclasses

import lineage_store
import made_reports
import pytest

from pipeline.dashboards import site
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.data import page
from pipeline.dashboards.pages import DATA, Absent, Content
from pipeline.lineage.store import Store
from pipeline.metadata import connection
from pipeline.runs.folders import RunFolder
from schemas.dead_letter import DeadLetter

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


def panels(content):
    return {name for name, value in content.values.items() if value}


def test_a_run_without_data_has_no_page_and_says_why(run):
    missing = page.content(run({}))
    assert isinstance(missing, Absent)
    report = made_reports.failed("VideoValidator", "no manifest.", "Check the path")
    failed = page.content(run({}, report=report))
    assert failed.reason == "No video was validated: VideoValidator failed. no manifest."
    assert failed.advice == "Check the path"


def test_panels_of_what_the_run_has_not_made_yet_are_absent(run, written):
    names = (outputs.MANIFEST, outputs.REJECTED[0])
    content = page.content(run({name: written[name] for name in names}))
    assert isinstance(content, Content)
    assert panels(content) == {"tiles", "has_letters", "num_rows", "splits", "split_charts"}


def test_a_whole_run_fills_every_panel_but_those_of_trouble(run):
    content = page.content(run())
    assert panels(content) == {
        *("tiles", "has_letters", "num_rows", "splits", "split_charts", "samples"),
        *("numeric_charts", "category_charts", "other_features", "track_counts"),
        *("skew", "no_anomalies"),
    }


def test_the_page_opens_in_a_browser_and_shows_every_crop(run, opened, axe):
    sources = run()
    path = site.write_page(DATA, sources, "a stamp")
    shown = opened(path)
    assert shown.title() == f"Data of {sources.run_id}"
    crops = shown.locator(".crops img")
    assert crops.count() > 20
    crops.last.scroll_into_view_if_needed()
    shown.evaluate("document.querySelectorAll('img').forEach((image) => image.loading = 'eager')")
    shown.wait_for_function("() => [...document.images].every((image) => image.complete)")
    widths = shown.evaluate("[...document.querySelectorAll('.crops img')].map(i => i.naturalWidth)")
    assert set(widths) == {16}
    assert axe(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_page_holds_no_image_itself(run):
    sources = run()
    path = site.write_page(DATA, sources, "a stamp")
    assert "data:image" not in path.read_text()
    assert "frames/" in path.read_text()
    assert "frames/" not in site.page_text(DATA, sources, is_standalone=True).split("<main")[1]


def test_what_the_data_says_is_never_markup(recorded, run, written, tmp_path, opened):
    letters = [DeadLetter(record_key=HOSTILE, code="no_face", message=HOSTILE, path=HOSTILE)]
    recorded.write_letters(tmp_path / "letters", letters)
    hostile = {outputs.REJECTED[0]: [recorded.artifact(tmp_path / "letters", num_inputs=9)]}
    report = made_reports.failed("DataGate", HOSTILE)
    path = site.write_page(DATA, run({**written, **hostile}, report=report), "a stamp")
    shown = opened(path)
    assert shown.title().startswith("Data of")
    assert shown.locator("#gate pre").inner_text() == HOSTILE
    shown.locator("#rejected summary", has_text="Each of them").click()
    assert shown.locator("#rejected td", has_text="onerror").count() == 1


@pytest.fixture(scope="module")
def history(recorded, tmp_path_factory):
    """Sources of four runs with real records: two of one data set, two of another one."""
    output = tmp_path_factory.mktemp("history")
    lineage_store.make_store(output, runs=4)
    videos = recorded.records()
    for number, chosen in ((0, videos[:8]), (2, videos[8:])):
        tracks = {"train": [recorded.features_of(video) for video in chosen]}
        folder = output / "artifacts" / "StatisticsGen" / "statistics" / str(number)
        recorded.write_statistics(folder, tracks)
    store = Store(connection.of_file(output / "metadata.db"))
    return [_sources(output / lineage_store.run_name(number), store) for number in range(4)]


def _sources(folder, store):
    return outputs.of_run(RunFolder(folder), store)


def test_drift_is_held_against_the_newest_earlier_run_with_other_data(history):
    first, again, other, last = history
    assert (first.former_statistics, again.former_statistics) == (None, None)
    for run in (other, last):  # the one before `last` has the same data
        assert run.former_statistics.run_id == again.run_id
        assert run.former_statistics.artifact.uri.endswith("statistics/0")


def test_drift_is_shown_with_the_run_that_it_is_from(history, written):
    run = history[-1]
    schema = {name: written[name] for name in (outputs.MANIFEST, outputs.SCHEMA)}
    content = page.content(dataclasses.replace(run, artifacts={**run.artifacts, **schema}))
    assert content.values["former_run"] == history[1].run_id
    size = content.values["drift"].table.rows[0]
    assert [cell.text for cell in size.cells[2:4]] == ["1.000", "0.300"]
    assert content.values["skew"] is None  # there is no other split


def test_a_run_of_another_folder_or_without_files_is_no_predecessor(history, tmp_path):
    elsewhere = dataclasses.replace(history[-1], folder=RunFolder(tmp_path / history[-1].run_id))
    assert elsewhere.former_statistics is None
    report = dataclasses.replace(history[-1].report, pipeline="another")
    other = dataclasses.replace(history[-1], report=report)
    assert other.former_statistics is None
