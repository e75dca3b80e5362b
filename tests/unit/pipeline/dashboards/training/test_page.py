"""The page of a training: figures of its history, its model, and of a training that goes on."""

import dataclasses
import math

import pytest
from coded import raises_code

from pipeline.dashboards import rendering
from pipeline.dashboards.pages import Absent
from pipeline.dashboards.rendering import Frame
from pipeline.dashboards.training import calibration, curves, page, records
from pipeline.dashboards.training.records import Classes
from pipeline.model import training as trainings
from pipeline.runs import events
from schemas import files


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.fixture
def epochs(made):
    """Two stages; the third epoch is the best."""
    norms = {"gradient_norm": 0.5, "max_gradient_norm": 2.0}
    return [
        made.epoch(1, 0.7, **norms),
        made.epoch(2, 0.8, **norms),
        made.epoch(3, 0.95, "fine_tune", **norms),
        made.epoch(4, 0.9, "fine_tune", **norms),
    ]


def test_tiles_say_how_it_went_and_why_the_head_was_chosen(trained, made, epochs):
    story = trained.with_history(epochs).with_model(made.detector()).sources()
    found = {
        tile.label: (tile.value, tile.note) for tile in page.training_tiles(records.read(story))
    }
    assert found["Epochs"] == (
        *("4 of 5", "the best is 3, of the stage fine-tuning; stopped early, as 5 were no better"),
    )
    assert found["Selection AUC"] == ("0.950", "flattered: the best of 4")
    assert found["Head"] == (
        *("mean of frames", "selection AUC 0.940 recurrent, 0.950 mean of frames"),
    )
    assert found["Encoder"] == ("EfficientNet-Lite0", "3,597,508 parameters with the heads")
    assert found["Time in epochs"] == ("8.0 s", "2.0 s in the middle one")
    assert found["Temperature"][0] == "1.50"


def test_heads_are_called_what_the_trainer_calls_them():
    assert set(page.HEADS) == {trainings.RNN, trainings.FRAME_MEAN}


def test_the_selection_auc_has_an_interval_over_the_videos_that_have_tracks(trained, made, epochs):
    videos = [made.video(n, n % 2 == 1, "val") for n in range(14)]
    others = [made.video(20, True, "train")]
    lost = [made.video(30, True, "val")]
    story = trained.with_history(epochs).with_videos([*videos, *others], lost).sources()
    training = records.read(story)
    assert training.selection == Classes(num_fakes=7, num_reals=7)
    lower, upper = curves.interval(0.95, training.selection)
    assert 0.5 < lower < 0.95 < upper < 1
    (tile,) = (one for one in page.training_tiles(training) if one.label == "Selection AUC")
    assert tile.note.startswith(f"[{lower:.3f}, {upper:.3f}]; over 7 fake and 7 real videos")


def test_curves_are_valid_and_mark_the_best_epoch_and_the_stages(epochs, valid_figure):
    found = curves.all_of(epochs, Classes(num_fakes=7, num_reals=7))
    assert [chart.id for chart in found] == [
        *("loss", "selection-auc", "learning-rate", "gradient-norm", "epoch-seconds"),
    ]
    for chart in found:
        valid_figure(chart)
        best, shade = chart.figure["layout"]["shapes"][:2]
        assert (best["x0"], best["x1"]) == (3, 3)
        assert (shade["x0"], shade["x1"]) == (2.5, 4.5), "the second stage"
        labels = [note["text"] for note in chart.figure["layout"]["annotations"]]
        assert labels == ["heads", "fine-tuning"]
        assert len(chart.table.rows) == 4


def test_a_history_without_gradient_norms_has_no_such_chart(made):
    found = curves.all_of([made.epoch(1, 0.7), made.epoch(2, 0.8)], None)
    assert "gradient-norm" not in [chart.id for chart in found]


def test_what_is_no_number_leaves_a_gap(made, valid_figure):
    chart = curves.loss([made.epoch(1, 0.7), made.epoch(2, 0.8, val_loss=math.inf)])
    valid_figure(chart)
    assert chart.figure["data"][1]["y"] == [0.5, None]
    rendering.script_json(chart.figure)


def test_thresholds_stand_beside_the_counts_that_they_rest_on(made):
    panel = calibration.of(made.detector())
    assert texts(panel.table)[1] == ["Calibrated, as served", "1.500", "0.200"]
    (low, high) = panel.thresholds.rows
    assert [cell.text for cell in low.cells] == ["1 % false alarms", "0.3600", "0 of 4"]
    # Wilson's interval of 0 of 4 at 95 %: z² / (n + z²) = 3.841 / 7.841.
    assert low.cells[2].note == "0.0 % [0.0 %, 49.0 %]"
    assert high.cells[2].text == "1 of 4"
    assert len(panel.remarks) == 3, "too few videos, equal thresholds, a greater error"


def test_nothing_is_remarked_of_a_large_split_that_went_well(made):
    rates = {"achieved_false_positive_rates": [0.01, 0.05], "ece_before": 0.2, "ece_after": 0.1}
    sizes = {"num_fake": 900, "num_pristine": 1000}
    said = made.detector(thresholds=[0.9, 0.7], calibration=rates | sizes)
    assert calibration.of(said).remarks == ()


def test_changed_settings_stand_first_with_their_defaults(made):
    rows = texts(page.settings_table(made.SETTINGS))
    assert rows[:3] == [
        ["epochs", "3", "15", "changed"],
        ["fine_tune_epochs", "2", "5", "changed"],
        ["encoder", "efficientnet_lite0", "efficientnet_lite0", ""],
    ]
    assert len(rows) == len(dataclasses.fields(made.SETTINGS))


def test_a_training_that_goes_on_shows_what_it_reported(trained, reports, valid_figure):
    content = page.content(trained.sources(*reports)).values
    assert content["state"] == "The training goes on: these are its figures so far."
    assert [chart.id for chart in content["charts"]] == ["loss", "selection-auc"]
    for chart in content["charts"]:
        valid_figure(chart)
        rendering.script_json(chart.figure)
    assert content["charts"][0].figure["data"][0]["y"] == [0.5, 0.25]


def test_a_training_that_failed_shows_how_far_it_came(trained, reports, failed):
    content = page.content(trained.sources(*reports, failed)).values
    assert content["state"] == "The training did not end: these are the epochs that it reported."


@pytest.mark.parametrize(
    ("happened", "reason"),
    [
        ([], "The run has not come to the training."),
        ([events.NodeStarted(node="Trainer", time=2.0)], "its first epoch is not done yet"),
    ],
)
def test_without_a_training_the_page_says_why(trained, happened, reason):
    found = page.content(trained.sources(*happened))
    assert isinstance(found, Absent)
    assert reason in found.reason


def test_a_history_that_cannot_be_read_is_an_error_that_names_it(trained, made):
    trained.with_history([made.epoch(1, 0.7)])
    (path,) = trained.output.rglob("history.json")
    path.write_text('[{"epoch": 1}]')
    with raises_code("training_record", match=r"history\.json holds no epochs") as caught:
        page.content(trained.sources())
    assert caught.value.code == "training_record"


def test_a_model_of_another_version_is_an_error_that_names_what_is_missing(trained):
    with raises_code("training_record", match="does not say temporal_head"):
        page.content(trained.with_model({"training": {}}).sources())


def test_an_erased_model_leaves_its_curves(trained, made):
    found = page.content(trained.with_history([made.epoch(1, 0.7)]).sources()).values
    assert (found["settings"], found["calibration"]) == (None, None)
    assert found["charts"]


def test_the_page_opens_and_copies_the_command_of_tensorboard(trained, made, epochs, opened, axe):
    story = trained.with_history(epochs).with_model(made.detector()).sources()
    rendering.write_assets(story.site)
    content = page.content(story)
    path = story.site.run(story.run_id) / "training.html"
    frame = Frame(title="Training", root="../../")
    files.write(path, rendering.page(content.template, frame, content.values))
    found = opened(path, width=420)
    assert found.evaluate("document.documentElement.scrollWidth") <= 420
    command = found.locator("#tensorboard button").get_attribute("data-copy")
    assert command.startswith("tensorboard --logdir ")
    assert command.endswith("/tensorboard")
    assert axe(found) == []
