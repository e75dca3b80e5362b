"""The page of a run: its panels, and how it looks in a browser."""

import pytest

from pipeline.dashboards import pages, rendering, site, tables
from pipeline.dashboards.rendering import Frame
from pipeline.dashboards.run import configuration, page, steps
from pipeline.runs import events
from pipeline.runs.events import Outcome
from schemas import files
from schemas.errors import DashboardError

HOSTILE = "<script>document.title='owned'</script><b>&"


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def opened_run(opened, story, **options):
    """The page of a run in the browser, without those that link to it."""
    rendering.write_assets(story.site)
    content = page.content(story)
    frame = Frame(title="Run", root="../../", notice=story.report.notice)
    path = story.site.run(story.run_id) / "index.html"
    files.write(path, rendering.page(content.template, frame, content.values))
    return opened(path, **options)


def test_every_figure_of_a_finished_run_is_there(told, said):
    values = page.content(told(said.facts(said.PASSED, said.BROKEN))).values
    assert values["data"].sentence == "30 videos came in, 27 were used and 3 left out."
    assert texts(values["data"].rejected) == [["too_short", "2"], ["no_face", "1"]]
    assert texts(values["data"].splits) == [["train", "9", "11", "44"], ["test", "18", "18", "72"]]
    assert texts(values["results"].metrics)[0][:2] == ["AUC", "0.900"]
    assert [row[1] for row in texts(values["results"].broken)] == ["manipulation_method:swap"]
    assert [row[1] for row in texts(values["results"].held)] == ["overall"]
    assert values["problems"] == []
    assert values["pushed"] is None


def test_a_run_that_came_to_nothing_yet_has_no_panels_of_it(told):
    values = page.content(told(done=0, outcome=None)).values
    absent = ("times", "results", "data", "training", "calibration", "pushed", "model")
    assert {name: values[name] for name in absent} == dict.fromkeys(absent)


def test_steps_say_what_came_of_them(told, said):
    story = told(said.facts(said.PASSED))
    came = {
        row.cells[0].text: row.cells[3].text for row in page.content(story).values["steps"].rows
    }
    assert came["VideoValidator"] == "30 videos, 2 left out"
    assert came["FrameExtractor"] == "28 videos, 1 left out; 29 face tracks"
    assert came["Evaluator"] == "AUC 0.900; 1 gates, none broken; model blessed"
    assert came["Pusher"] == "version 7"
    assert came["Transform"] == ""


def test_the_running_step_shows_its_progress(told):
    story = told(done=1, running={"videos_done": 40, "videos_total": 119}, outcome=None)
    (row,) = (r for r in page.content(story).values["steps"].rows if r.cells[1].text == "running")
    assert [cell.text for cell in row.cells] == [
        *("FrameExtractor", "running", tables.UNDEFINED, "40 of 119 videos are done")
    ]


def test_times_name_the_step_that_took_the_longest(told, valid_figure):
    chart = steps.step_times(list(told(done=3, outcome=None).state.nodes.values()))
    valid_figure(chart)
    assert chart.summary == "StatisticsGen took the longest: 3.5 s of 7.5 s."
    assert chart.figure["data"][0]["x"] == [3.5, 2.5, 1.5], "Plotly draws the first at the bottom"


def test_slices_with_broken_gates_stand_first_and_small_ones_are_grey(told, said):
    found = page.content(told(said.facts(said.BROKEN))).values["results"]
    (row,) = found.slices.rows
    assert [cell.text for cell in row.cells] == [
        "manipulation_method:swap",
        "4",
        "0",
        "Recall",
        "0.250",
    ]
    assert row.cells[0].tone == "bad"
    assert row.is_faint, "fewer than the 5 videos from which a slice is gated"


def test_no_more_slices_are_shown_than_can_be_read(told, said):
    facts = said.facts(said.PASSED)
    slices = facts["Evaluator"]["evaluation"]["slices"]
    slices += [slices[1] | {"name": f"manipulation_method:m{i}"} for i in range(200)]
    found = page.content(told(facts)).values["results"]
    assert len(found.slices.rows) == page.SHOWN_SLICES
    assert found.num_slices == 201
    assert found.slices.caption.endswith("12 of 201")


def test_what_was_pushed_is_named_with_its_folder(told, said):
    values = page.content(told(said.facts(said.PASSED))).values
    assert texts(values["pushed"]) == [["version", "7"], ["folder", "serving/deepfake/7"]]


def test_only_settings_that_differ_are_shown(told):
    told.folder.config.write_text("name: mine\ntraining:\n  epochs: 3\n  patience: 5\nold: 1\n")
    table = page.content(told(done=0, outcome=None)).values["configuration"]
    assert texts(table) == [
        ["name", "mine", "deepfake"],
        ["training.epochs", "3", "15"],
        ["old", "1", "none"],
    ]


def test_commands_go_on_from_the_outcome(told, said):
    story = told(said.facts(said.PASSED))
    where = f"--output {story.output}"
    assert configuration.commands_of_run(story) == (
        f"deepfake runs show {story.run_id} {where}",
        f"deepfake lineage show 7 {where}",
        f"deepfake lineage why 7 {where}",
    )


def test_records_on_a_server_are_found_by_the_configuration_of_the_run(told, said):
    told.folder.config.write_text("metadata:\n  backend: mysql\n")
    story = told(said.facts(said.BROKEN))
    assert configuration.commands_of_run(story)[1] == (
        f"deepfake lineage why {story.run_id} --config {story.folder.config}"
    )


def test_a_panel_with_broken_data_says_so_and_the_others_stay(told, said):
    told.folder.config.write_text("a: [")
    values = page.content(told(said.facts(said.PASSED))).values
    assert values["conclusion"].badge == "PUSHED version 7"
    assert any("config.yaml is not YAML" in one for one in values["problems"])


def test_a_configuration_that_is_none_is_an_error_with_a_code(told):
    told.folder.config.write_text("a: [")
    with pytest.raises(DashboardError) as caught:
        configuration.read(told.folder)
    assert caught.value.code == "configuration_record"


def test_the_page_answers_first_and_holds_hostile_text_as_text(told, said, opened):
    error = events.Failed(node="Trainer", type="MadeError", message=HOSTILE, advice=HOSTILE)
    story = told(
        said.facts(), done=7, running={}, failed=error, outcome=Outcome.FAILED, notice=HOSTILE
    )
    found = opened_run(opened, story)
    assert found.title() == "Run"
    assert found.locator("main > :first-child h2").inner_text().startswith("The run broke off")
    assert found.locator(".conclusion pre").inner_text() == HOSTILE
    assert found.locator("svg.nodes .failed .note").text_content().endswith("failed · 10.0 s")


def test_the_page_of_a_refusal_fits_a_phone_and_can_be_read(told, said, opened, axe):
    found = opened_run(opened, told(said.facts(said.BROKEN)), width=420, dark=True)
    assert found.evaluate("document.documentElement.scrollWidth") <= 420
    assert found.locator(".reasons li").count() == 1
    assert axe(found) == []


def test_the_page_of_a_run_in_progress_is_live(told):
    story = told(done=7, running={"epoch": 3, "epochs": 12}, outcome=None)
    text = site.page_text(pages.RUN, story)
    assert "<body data-live>" in text
    assert 'value="0.604"' in text, "7 steps and a quarter of 12"


def test_alone_the_page_links_to_no_other(told, said):
    text = site.page_text(pages.RUN, told(said.facts(said.PASSED)), is_standalone=True)
    assert 'href="evaluation.html"' not in text
    assert 'href="lineage.html"' not in text
