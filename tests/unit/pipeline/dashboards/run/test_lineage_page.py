"""The lineage page of a run, from made stores."""

import dataclasses

import lineage_store
import pytest

from pipeline.dashboards import rendering
from pipeline.dashboards.pages import Absent
from pipeline.dashboards.rendering import Frame
from pipeline.dashboards.run import lineage_page, provenance
from pipeline.lineage.verdicts import Evaluation, Verdict
from schemas import files
from schemas.run_report import Gate


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_a_pushed_model_tells_what_made_it_and_who_uses_it(recorded):
    story = recorded(1)
    values = lineage_page.content(story).values
    tiles = {tile.label: (tile.value, tile.note) for tile in values["tiles"]}
    assert tiles["Pushed as version"] == ("1001", "")
    assert tiles["Judgement"][0] == "blessed"
    assert tiles["Videos it was trained on"] == ("12", "6 fake, 6 real")
    steps = {row[0]: row[1] for row in texts(values["steps"])}
    assert steps["FrameExtractor"] == lineage_store.run_name(0), "that step came from the cache"
    assert steps["Trainer"] == lineage_store.run_name(1)
    assert texts(values["videos"])[0] == ["train", "6", "6", "12"]
    assert ["no_face", "1"] in texts(values["dead_letters"])
    assert texts(values["packages"]) == [["keras", "3.15.1"]]
    assert texts(values["uses"])[0][:3] == ["pushed", lineage_store.run_name(1), "1001"]


def test_a_refused_model_tells_why(recorded):
    values = lineage_page.content(recorded(2)).values
    tiles = {tile.label: tile for tile in values["tiles"]}
    assert (tiles["Judgement"].value, tiles["Judgement"].tone) == ("refused", "bad")
    assert tiles["Pushed as version"].value == "not pushed"
    assert texts(values["gates"])[0][5] == "broken"
    assert texts(values["uses"])[0][0] == "refused"


def test_a_model_that_is_its_own_baseline_is_not_said_to_have_none(recorded):
    gate = Gate(
        metric="video_auc",
        slice_name="overall",
        value=1.0,
        bound=-0.02,
        baseline=1.0,
        passed=True,
        reason="",
    )
    found = Evaluation(
        run="r",
        artifact_id=1,
        blessed=True,
        baseline_id=None,
        baseline_versions=(),
        gates=(gate,),
        overall={},
        unread="",
    )
    alone = dataclasses.replace(found, gates=(dataclasses.replace(gate, baseline=None),))
    judged = Verdict(model_id=1, evaluations=(found, alone), serving_checks=(), pushes=())
    rows = texts(provenance.evaluations(recorded(1), judged))
    assert [row[-1] for row in rows] == [
        "itself: it was the last blessed model",
        "no earlier model",
    ]


def test_runs_are_links_where_their_folder_is(recorded):
    (row, *_) = (
        row
        for row in lineage_page.content(recorded(1)).values["steps"].rows
        if row.cells[1].text == lineage_store.run_name(0)
    )
    assert row.cells[1].href == f"../{lineage_store.run_name(0)}/index.html"


def test_the_same_questions_as_commands(recorded, history):
    found = lineage_page.content(recorded(1)).values["commands"]
    assert found[0] == f"deepfake lineage show 1001 --output {history}"
    assert found[1] == f"deepfake lineage why 1001 --output {history}"


def test_the_graph_is_a_page_beside(recorded):
    story = recorded(1)
    lineage_page.content(story)
    graph = (story.site.run(story.run_id) / lineage_page.GRAPH_FILE).read_text()
    assert "<title>Model " in graph
    assert 'data-title="Trainer"' in graph


def test_the_page_of_the_run_has_the_short_form(recorded):
    story = recorded(1)
    facts = dict(texts(lineage_page.model(story)))
    assert facts["trained by"] == lineage_store.run_name(1)
    assert facts["libraries"] == "keras 3.15.1"


@pytest.mark.parametrize("without", [{"store": None}, {"artifacts": {}}])
def test_without_records_the_page_says_so(recorded, without):
    found = lineage_page.content(dataclasses.replace(recorded(1), **without))
    assert isinstance(found, Absent)
    assert "no records" in found.reason


def test_the_graph_opens_inside_the_page_in_its_colours(recorded, opened, axe):
    story = recorded(1)
    rendering.write_assets(story.site)
    content = lineage_page.content(story)
    frame = Frame(title="Lineage", root="../../")
    path = story.site.run(story.run_id) / "lineage.html"
    files.write(path, rendering.page(content.template, frame, content.values))
    # The rules are checked frame by frame, which files cannot tell of each other.
    page = opened(path, dark=True, tolerates=("postMessage",))
    page.locator("iframe.graph").scroll_into_view_if_needed()
    inside = page.frame_locator("iframe.graph")
    inside.locator(".node", has_text="Trainer").first.click()
    assert inside.locator("#chosen h2").inner_text() == "Trainer"
    colour = "el => getComputedStyle(el).backgroundColor"
    assert inside.locator("body").evaluate(colour) == page.locator("body").evaluate(colour)
    assert axe(page) == []
    page.locator("#theme").click()
    dark = "rgb(16, 21, 29)"
    assert page.locator("body").evaluate(colour) != dark
    assert inside.locator("body").evaluate(colour) == page.locator("body").evaluate(colour)
