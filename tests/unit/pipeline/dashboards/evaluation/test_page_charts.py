"""Charts of the evaluation page: valid for Plotly, and what they show is what was counted."""

import pytest

from pipeline.dashboards.evaluation import findings, ranking, reliability, risk_coverage, scores
from pipeline.dashboards.evaluation import slices as evaluation_slices
from pipeline.evaluation import curve_points

CURVES = (
    ranking.roc,
    ranking.precision_recall,
    ranking.detection_error_tradeoff,
    reliability.diagram,
    scores.score_histogram,
    risk_coverage.abstention,
)
SWAP = "manipulation_method:swap"
MIXED = "compression_level:c23"


@pytest.fixture
def found(evaluated, small):
    return findings.of(evaluated(small))


@pytest.fixture
def compared(evaluated, small):
    return findings.of(evaluated(small, baseline=small))


def trace(chart, name):
    return next(one for one in chart.figure["data"] if name in one.get("name", ""))


@pytest.mark.parametrize("draw", CURVES, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("with_baseline", [False, True], ids=["alone", "compared"])
def test_curves_are_valid_for_every_slice(draw, with_baseline, evaluated, small, valid_figure):
    chart = draw(findings.of(evaluated(small, baseline=small if with_baseline else None)))
    valid_figure(chart)
    assert chart.variants
    assert all(len(parts) == len(chart.figure["data"]) for parts in chart.variants.values())


@pytest.mark.parametrize("draw", [evaluation_slices.of_pairs, evaluation_slices.against_baseline])
def test_scatters_are_valid_for_every_choice(draw, compared, valid_figure):
    chart = draw(compared)
    valid_figure(chart)
    offered = (
        evaluation_slices.pairs()
        if draw is evaluation_slices.of_pairs
        else evaluation_slices.metrics()
    )
    assert list(chart.variants) == offered


def test_curves_that_compare_classes_leave_slices_of_one_class_out(found):
    for draw in (ranking.roc, ranking.precision_recall, ranking.detection_error_tradeoff):
        chart = draw(found)
        assert list(chart.variants) == [MIXED]
        assert "one class" in chart.missing
    for draw in (reliability.diagram, scores.score_histogram, risk_coverage.abstention):
        assert SWAP in draw(found).variants


def test_the_roc_shows_the_curve_and_where_the_service_stands_on_it(found):
    """Fakes 0.9, 0.8, 0.4, 0.3; reals 0.65, 0.2, 0.1."""
    chart = ranking.roc(found)
    curve = trace(chart, "this model")
    assert list(zip(curve["x"], curve["y"], strict=True)) == [
        (0, 0),
        (0, 0.5),
        (0.333, 0.5),
        (0.333, 1),
        (1, 1),
    ]
    gates, strict = trace(chart, "of the gates"), trace(chart, "1 % FPR")
    assert (gates["x"], gates["y"], gates["customdata"]) == ([0.333], [0.5], [0.5])
    assert (strict["x"], strict["y"], strict["customdata"]) == ([0], [0.5], [0.7])
    assert chart.table.rows[0].cells[0].text == "1.000"  # above it nothing is called


def test_precision_is_drawn_in_steps_and_against_the_share_of_fakes(found):
    chart = ranking.precision_recall(found)
    assert trace(chart, "this model")["line"]["shape"] == "vh"
    assert trace(chart, "all called fake")["y"] == [0.571, 0.571]
    gates = trace(chart, "of the gates")
    assert (gates["x"], gates["y"]) == ([0.5], [0.667])


def test_a_threshold_above_which_nothing_is_called_has_no_precision(evaluated, small):
    chart = ranking.precision_recall(findings.of(evaluated(small, thresholds=(0.95, 0.6))))
    assert trace(chart, "1 % FPR")["y"] == [None]


def test_the_axes_of_errors_are_normal_deviates(found):
    chart = ranking.detection_error_tradeoff(found)
    axis = chart.figure["layout"]["xaxis"]
    ticks = dict(zip(axis["ticktext"], axis["tickvals"], strict=True))
    assert ticks["5 %"] == -1.6449
    gates = trace(chart, "of the gates")
    assert gates["y"] == [0]  # half of the fakes are missed
    assert gates["x"] == [round(curve_points.probit([1 / 3])[0], 3)]
    first = chart.table.rows[0]
    assert [cell.text for cell in first.cells] == ["1.000", "0.000", "1.000"]


def test_histograms_show_the_scores_of_each_class(found):
    chart = scores.score_histogram(found)
    counted = {
        one["name"]: {x: y for x, y in zip(one["x"], one["y"], strict=True) if y}
        for one in chart.figure["data"]
    }
    assert counted == {
        "fake videos": {0.275: 1, 0.375: 1, 0.775: 1, 0.875: 1},
        "real videos": {0.075: 1, 0.175: 1, 0.625: 1},
    }
    assert [line["x0"] for line in chart.figure["layout"]["shapes"]] == pytest.approx(
        [0.5, 0.6, 0.7]
    )


def test_reliability_points_have_their_share_interval_and_size(found):
    chart = reliability.diagram(found)
    points = chart.figure["data"][1]
    assert points["x"] == [0.1, 0.2, 0.3, 0.4, 0.65, 0.8, 0.9]
    assert points["y"] == [0, 0, 1, 1, 0, 1, 1]
    assert points["name"].startswith("this model, ECE 0.3")
    assert points["error_y"]["array"][0] == 0.793  # Wilson, none of one
    assert points["error_y"]["arrayminus"][0] == 0
    assert sum(chart.figure["data"][2]["y"]) == 7
    assert len(chart.table.rows) == 15


def test_abstention_leaves_the_least_certain_to_people(found):
    """Certain to uncertain: 0.9 and 0.1, 0.8 and 0.2, 0.3 (missed), 0.65 (alarm), 0.4 (missed)."""
    curve = trace(risk_coverage.abstention(found), "error rate")
    assert curve["customdata"] == [2, 4, 5, 6, 7]
    assert curve["y"] == [0, 0, 0.2, 0.333, 0.429]


def test_the_slider_counts_at_every_step_and_knows_the_thresholds_of_the_service(found):
    data = scores.threshold_slider(found)
    assert data["start"] == 0.5
    assert [mark["threshold"] for mark in data["marks"]] == [0.5, 0.6, 0.7]
    overall = data["slices"]["overall"]
    at = {
        threshold: (tp, fp)
        for threshold, tp, fp in zip(
            overall["thresholds"],
            overall["true_positives"],
            overall["false_positives"],
            strict=True,
        )
    }
    assert at[0] == (4, 3)
    assert at[0.5] == (2, 1)
    assert at[0.7] == (2, 0)
    assert at[1] == (0, 0)
    assert overall["thresholds"] == sorted(overall["thresholds"])
    half = overall["thresholds"].index(0.5)
    assert overall["recall"][half] == [0.15, 0.85]  # Wilson, 2 of 4
    assert data["slices"][SWAP]["specificity"] == []


def test_small_slices_are_marked_in_the_plane(found):
    slices, small = evaluation_slices.of_pairs(found).figure["data"][:2]
    assert set(slices["text"]) == {"overall", MIXED}
    assert small["text"] == []
    ece = evaluation_slices.of_pairs(found).variants["ECE over Recall"]
    assert set(ece[0]["text"]) == {"overall", MIXED, SWAP}
    assert ece[1]["text"] == ["manipulation_method:rare"]
    assert slices["marker"]["size"][0] == 30  # the overall slice holds all videos


def test_the_same_model_lies_on_the_line_of_no_change(compared):
    chart = evaluation_slices.against_baseline(compared)
    for line, *groups in chart.variants.values():
        assert line["x"] == line["y"]
        assert all(group["x"] == group["y"] for group in groups)
    assert len(chart.table.columns) == 1 + 2 * len(evaluation_slices.METRICS)
