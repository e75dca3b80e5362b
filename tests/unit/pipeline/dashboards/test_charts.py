"""Charts are Plotly figures whose colours are roles."""

import pytest

from pipeline.dashboards import charts
from pipeline.dashboards.charts import Chart


def chart(figure, **others):
    return Chart(id="one", title="One", summary="One of them.", figure=figure, **others)


@pytest.fixture
def bands():
    """Lines, a band and a bar: every kind of role."""
    return charts.figure(
        [
            {"type": "scatter", "x": [0, 1], "y": [0, 1], "line": {"color": charts.ACCENT}},
            {"type": "scatter", "fill": "tozeroy", "fillcolor": charts.faded(charts.REAL, 0.2)},
            {"type": "bar", "x": ["a"], "y": [1], "marker": {"color": [charts.SERIES[6]]}},
        ],
        xaxis=charts.rate_axis("recall", dtick=0.2),
        yaxis=charts.axis("precision"),
    )


def test_plotly_accepts_a_figure_of_all_roles(valid_figure, bands):
    valid_figure(chart(bands))


def test_plotly_refuses_a_key_that_it_does_not_know(valid_figure):
    with pytest.raises(ValueError, match="colour"):
        valid_figure(chart(charts.figure([{"type": "bar", "marker": {"colour": charts.REAL}}])))


def test_plotly_refuses_a_bad_value_of_a_variant(valid_figure, bands):
    bad = chart(bands, group="slice", variants={"overall": [{"line.width": "thick"}]})
    with pytest.raises(ValueError, match="thick"):
        valid_figure(bad)


def test_a_rate_axis_has_room_for_the_marks_on_its_ends():
    low, high = charts.rate_axis("recall")["range"]
    assert low < 0 < 1 < high


def test_a_faded_role_names_its_opacity():
    assert charts.faded(charts.FAKE, 0.25) == "@fake/0.25"


def test_an_opacity_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"opacity must be in \[0, 1\], got 25"):
        charts.faded(charts.FAKE, 25)


@pytest.mark.parametrize("name", ["", "Roc", "1roc", "roc curve", 'roc"'])
def test_an_id_that_would_not_be_one_in_the_page_is_refused(name):
    with pytest.raises(ValueError, match="must match"):
        Chart(id=name, title="", summary="", figure=charts.figure([]))


def test_variants_without_a_group_are_refused(bands):
    with pytest.raises(ValueError, match="variants but no group"):
        chart(bands, variants={"overall": []})
