"""The evaluation page: its tables and tiles say what was found, and what is not there is absent."""

import dataclasses

from pipeline.dashboards.evaluation import findings, gate_table, page, scores
from pipeline.dashboards.evaluation import slices as evaluation_slices
from pipeline.dashboards.pages import EVALUATION, Absent
from pipeline.dashboards.site import page_text
from pipeline.dashboards.sources import of_run
from pipeline.dashboards.tables import UNDEFINED
from pipeline.runs import events
from pipeline.runs.events import Outcome


def cells(row):
    return [cell.text for cell in row.cells]


def tiles_of(sources):
    return {tile.label: tile for tile in page.headline_tiles(findings.of(sources))}


def test_tiles_say_the_judgement_the_metrics_with_intervals_and_the_videos(evaluated, small):
    tiles = tiles_of(evaluated(small))
    assert (tiles["Gates"].value, tiles["Gates"].tone) == ("Passed", "good")
    assert tiles["AUC"].value == "0.833"  # of 12 pairs, 0.65 is above 0.4 and 0.3
    assert tiles["AUC"].note.startswith("[")
    assert tiles["Recall"].value == "0.500"
    assert tiles["Specificity"].value == "0.667"
    assert (tiles["Test videos"].value, tiles["Test videos"].note) == ("7", "4 fake, 3 real")


def test_a_model_that_is_not_blessed_says_the_first_reason(evaluated, small, config):
    tiles = tiles_of(evaluated(small, config=dataclasses.replace(config, min_auc=0.9)))
    assert (tiles["Gates"].value, tiles["Gates"].tone) == ("Not passed", "bad")
    assert "video_auc 0.833 < 0.900 on overall" in tiles["Gates"].note


def test_tiles_compare_with_the_baseline_where_there_is_one(evaluated, small):
    tiles = tiles_of(evaluated(small, baseline=small))
    assert "baseline 0.833 (+0.000)" in tiles["AUC"].note


def test_broken_gates_stand_apart_from_those_that_hold(evaluated, small, config):
    sources = evaluated(small, config=dataclasses.replace(config, min_auc=0.9))
    summary = findings.of(sources).summary
    (broken,) = gate_table.broken(summary).rows
    assert cells(broken)[:6] == ["AUC", "overall", "0.833", "0.900", UNDEFINED, "broken"]
    held = gate_table.held(summary).rows
    assert {cells(row)[5] for row in held} == {"passed"}
    assert len(held) == len(summary.gates) - 1
    together = gate_table.of(summary)
    assert list(together.rows) == [broken, *held]
    assert "1 broken" in together.caption


def test_where_all_gates_hold_the_page_says_so(evaluated, small):
    sources = evaluated(small)
    summary = findings.of(sources).summary
    assert gate_table.broken(summary) is None
    assert f"All {len(summary.gates)} gates hold" in page_text(EVALUATION, sources)


def test_a_change_gate_shows_the_baseline_and_what_it_leaves(evaluated, small):
    table = gate_table.held(findings.of(evaluated(small, baseline=small)).summary)
    change = next(row for row in table.rows if row.cells[4].text != UNDEFINED)
    assert cells(change)[:5] == ["AUC", "overall", "0.833", "0.813", "0.833"]
    assert change.cells[3].note == "baseline \N{MINUS SIGN} 0.02"


def test_slices_have_counts_and_metrics_and_a_dash_for_what_they_cannot_define(evaluated, small):
    table = evaluation_slices.slice_table(findings.of(evaluated(small)))
    titles = [column.title for column in table.columns]
    rows = {row.cells[0].text: dict(zip(titles, cells(row), strict=True)) for row in table.rows}
    swap = rows["swap"]
    assert (swap["Fake"], swap["Real"], swap["Recall"]) == ("3", "0", "0.667")
    assert (swap["AUC"], swap["Specificity"]) == (UNDEFINED, UNDEFINED)
    assert rows["original"]["Specificity"] == "0.667"
    assert rows["c23"]["AUC"] == "0.889"  # 8 of 9 pairs


def test_small_slices_are_grey_and_say_why(evaluated, small):
    table = evaluation_slices.slice_table(findings.of(evaluated(small)))
    faint = {row.cells[0].text: row.cells[0].note for row in table.rows if row.is_faint}
    assert faint == {"rare": "manipulation_method, fewer than 3 videos of a class, not gated"}


def test_with_a_baseline_slices_show_how_the_auc_changed(evaluated, small):
    better = {key: {v: s._replace(score=float(s.is_fake)) for v, s in found.items()}
              for key, found in small.items()}  # fmt: skip
    table = evaluation_slices.slice_table(findings.of(evaluated(small, baseline=better)))
    assert [column.title for column in table.columns[3:5]] == ["AUC", "AUC change"]
    assert table.rows[0].cells[4].text == "-0.167"
    assert table.rows[0].cells[4].tone == "", "a sign is no finding"


def test_thresholds_of_the_service_are_those_of_the_model_and_half(evaluated, small):
    def labels(*thresholds):
        found = findings.of(evaluated(small, run_id=f"r{thresholds}", thresholds=thresholds))
        return [(point.label, round(point.threshold, 6)) for point in found.operating_points]

    gates = ("of the gates", 0.5)
    assert labels(0.7, 0.6) == [gates, ("set for 5 % FPR", 0.6), ("set for 1 % FPR", 0.7)]
    assert labels(0.3, 0.3) == [("set for 1 % and 5 % FPR", 0.3), gates]


def test_a_model_threshold_counts_a_video_that_just_reaches_it(evaluated, small):
    """The service calls a video fake from its threshold on."""
    table = scores.at_operating_points(findings.of(evaluated(small, thresholds=(0.8, 0.65))))
    assert [cells(row)[:4] for row in table.rows] == [
        ["of the gates", "0.500", "2 of 4", "1 of 3"],
        ["set for 5 % FPR", "0.650", "2 of 4", "1 of 3"],
        ["set for 1 % FPR", "0.800", "2 of 4", "0 of 3"],
    ]


def test_panels_without_data_are_absent(evaluated, small):
    text = page_text(EVALUATION, evaluated(small))
    assert 'id="roc"' in text
    for panel in ("timeline", "slice-changes", "no-curves"):
        assert f'id="{panel}' not in text


def test_an_evaluation_without_curves_says_so_and_keeps_its_tables(evaluated, small):
    text = page_text(EVALUATION, evaluated(small, has_curves=False))
    assert 'id="no-curves"' in text
    assert 'id="slices"' in text
    assert 'id="roc"' not in text


def test_figures_that_are_all_the_baselines_are_said_to_tell_nothing(evaluated, small):
    same = page.content(evaluated(small, baseline=small))
    assert same.values["is_like_baseline"]


def test_without_a_baseline_no_figures_are_said_to_be_its(evaluated, small):
    assert not page.content(evaluated(small)).values["is_like_baseline"]


def test_names_from_the_data_are_text(evaluated, small):
    hostile = "</script><img src=x onerror=alert(1)>"
    slices = {**small, (("manipulation_method", hostile),): small[()]}
    text = page_text(EVALUATION, evaluated(slices))
    assert "<img" not in text
    assert "onerror=alert(1)&gt;" in text


def test_a_run_that_goes_on_is_absent_without_blame(make_run):
    found = page.content(of_run(make_run.begin("r1"), None))
    assert found == Absent(reason="The run has not evaluated its model yet.")


def test_a_run_that_failed_says_where_and_why(make_run):
    found = page.content(of_run(make_run("r1", {}), None))
    assert found.reason == "The run evaluated no model. Evaluator failed: made"


def test_an_evaluation_whose_files_are_gone_says_so(make_run, auc):
    found = page.content(of_run(make_run("r1", auc(overall=(0.9, 0.8, 1.0)), version="7"), None))
    assert "are gone" in found.reason


def test_an_interrupted_run_says_so(make_run):
    folder = make_run.begin("r1")
    make_run.add(folder, events.RunEnded(outcome=Outcome.INTERRUPTED, time=7200.0))
    found = page.content(of_run(folder, None))
    assert found.reason == "The run evaluated no model: the run was interrupted."
