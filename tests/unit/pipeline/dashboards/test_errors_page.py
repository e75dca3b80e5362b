"""The errors page, of a real evaluation of TFMA over the made test videos."""

import dataclasses

import made_reports
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.utils import config_util

from pipeline.config.sections import EvaluationConfig
from pipeline.dashboards import errors_page, site
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.pages import ERRORS, Absent
from pipeline.evaluation import curves, eval_config, results
from schemas import erased, features, signatures
from schemas.run_report import Estimate, SliceSummary

# Of the videos of people 6 and 7: one fake is missed, no pristine video is called fake.
SCORES = {"lab/swap/p6_fake": 0.1, "lab/swap/p7_fake": 0.8, "lab/original/p6": 0.3}
SCORES["lab/original/p7"] = 0.2


@pytest.fixture(scope="session")
def evaluation(recorded, written, tmp_path_factory):
    """Artifacts of a run that ends with an evaluation."""
    config = eval_config.eval_config(
        EvaluationConfig(bootstrap_rounds=100, slices=(features.MANIPULATION_METHOD,))
    )
    ours = [spec for spec in config.metrics_specs if spec.metrics[0].module]
    config.ClearField("metrics_specs")
    config.metrics_specs.extend(ours)  # those of tracks are slow, and not shown
    config.model_specs[0].ClearField("signature_name")  # the scores are in the data
    config.model_specs[0].ClearField("model_type")
    config = config_util.update_eval_config_with_defaults(config, rubber_stamp=True)
    rows = [
        {
            features.RECORD_KEY: record.key,
            features.VIDEO_KEY: f"{record.key}/0",
            features.MANIPULATION_METHOD: record.manipulation_method,
            features.IS_FAKE: int(record.is_fake),
            signatures.SCORE: SCORES[record.key],
        }
        for record in recorded.records()
        if record.key in SCORES
    ]
    folder = tmp_path_factory.mktemp("evaluation")
    tfma.analyze_raw_data(pd.DataFrame(rows), config, output_path=str(folder))
    return {**written, outputs.EVALUATION: [recorded.artifact(folder)]}


def sheets(content):
    return {sheet.id: sheet for sheet in content.values["sheets"]}


def test_the_worst_error_is_the_first_card_with_its_crops(run, evaluation):
    content = errors_page.content(run(evaluation))
    assert (content.values["num_missed"], content.values["num_false_alarms"]) == (1, 0)
    missed = sheets(content)["missed-fakes"]
    assert [card.record_key for card in missed.cards] == ["lab/swap/p6_fake", "lab/swap/p7_fake"]
    assert [crop.seconds for crop in missed.cards[0].crops] == [0.0, 0.5, 1.0, 1.5]
    assert missed.summary.startswith("1 error of this kind at score 0.5. Shown because errors")
    alarms = sheets(content)["false-alarms"]
    assert alarms.summary.startswith("No error of this kind")
    assert [card.tone for card in alarms.cards] == ["warn", "warn"]


def test_errors_are_counted_by_slice_with_intervals(run, evaluation):
    table = errors_page.content(run(evaluation)).values["slices"]
    swap, original = table.rows  # that with the errors first
    assert swap.cells[0].text == f"{features.MANIPULATION_METHOD}:swap"
    assert [cell.text for cell in swap.cells[1:4]] == ["1", "100.0 %", "1"]
    assert swap.cells[3].note == "of 2"
    assert swap.cells[5].text == "0.500"
    assert swap.cells[5].interval is not None
    assert [cell.text for cell in original.cells[1:3]] == ["0", "0.0 %"]
    assert original.is_faint
    assert original.cells[0].note


def entry(name, num_fake, num_real, recall, specificity):
    rates = {"video_recall": recall, "video_specificity": specificity}
    return SliceSummary(
        name=name,
        num_videos=num_fake + num_real,
        num_fake_videos=num_fake,
        num_real_videos=num_real,
        metrics={
            metric: Estimate(value=value, lower=0.0, upper=1.0)
            for metric, value in rates.items()
            if value is not None
        },
        track_metrics={},
    )


def test_shares_of_errors_are_of_all_errors_and_small_slices_are_greyed():
    overall = entry("overall", 30, 20, 0.8, 0.9)  # 6 missed, 2 false alarms
    parts = [entry("codec:h264", 20, 20, 0.75, 0.9), entry("codec:vp9", 10, 0, 0.9, None)]
    table = errors_page.errors_by_slice(overall, parts, min_videos=15)
    assert [row.cells[2].text for row in table.rows] == ["87.5 %", "12.5 %"]
    assert [row.is_faint for row in table.rows] == [False, True]
    assert table.rows[1].cells[4].text == table.rows[1].cells[6].text  # no reals: dashes
    assert "8 errors" in table.caption


def test_where_nothing_is_wrong_no_errors_are_said_to_come_from_anywhere():
    overall = entry("overall", 10, 10, 1.0, 1.0)
    table = errors_page.errors_by_slice(
        overall, [entry("codec:h264", 10, 10, 1.0, 1.0)], min_videos=5
    )
    assert table.caption.startswith("No test video is called what it is not")


def test_an_erased_video_is_not_named_and_its_absence_is_told(run, evaluation):
    sources = run(evaluation)
    key = erased.ErasedKey(
        kind=erased.IDENTITY, sha256=erased.digest("lab/person6"), erased_at="2026-01-03"
    )
    erased.add(sources.output / erased.FILE_NAME, key)
    text = site.page_text(ERRORS, sources)
    assert "p6" not in text
    assert "2 of the worst videos are not shown: erased" in text


def test_without_examples_cards_have_no_crops(run, evaluation):
    rest = {name: found for name, found in evaluation.items() if name != outputs.EXAMPLES}
    cards = sheets(errors_page.content(run(rest)))["missed-fakes"].cards
    assert len(cards) == 2
    assert all(card.crops == () for card in cards)


def test_a_run_without_evaluation_has_no_page_and_says_why(run, written):
    missing = errors_page.content(run(written))
    assert isinstance(missing, Absent)
    report = made_reports.failed("DataGate", "no", "Correct the data")
    failed = errors_page.content(run(written, report=report))
    assert (failed.reason, failed.advice) == (
        "Nothing was evaluated: DataGate failed.",
        "Correct the data",
    )


def test_an_evaluation_of_an_older_version_shows_its_slices(run, evaluation, monkeypatch):
    monkeypatch.setattr(curves, "load", lambda uri: None)
    text = site.page_text(ERRORS, run(evaluation))
    assert "made before evaluations kept their worst videos" in text
    assert "Errors by slice" in text
    assert "Fakes taken for real</h2>" not in text


def test_errors_that_are_not_among_the_worst_are_told(run, evaluation, monkeypatch):
    """An evaluation keeps a few videos by name: all of them may be of the other kind."""
    found = results.load(evaluation[outputs.EVALUATION][0].uri)
    [overall, *others] = found.slices
    specificity = {"video_specificity": Estimate(value=0.5, lower=0.1, upper=0.9)}
    overall = dataclasses.replace(overall, metrics={**overall.metrics, **specificity})
    changed = dataclasses.replace(found, slices=(overall, *others))
    monkeypatch.setattr(results, "load", lambda uri: changed)
    alarms = sheets(errors_page.content(run(evaluation)))["false-alarms"]
    assert alarms.summary.startswith("1 error of this kind at score 0.5. None is among the worst")


def test_a_page_that_stands_alone_shows_no_crops(run, evaluation):
    text = site.page_text(ERRORS, run(evaluation), is_standalone=True)
    assert "lab/swap/p6_fake" in text
    assert "frames/" not in text.split("<main")[1].split("<script")[0]


def test_the_page_opens_on_a_phone_in_the_dark_and_shows_every_crop(run, evaluation, opened, axe):
    path = site.write_page(ERRORS, run(evaluation), "a stamp")
    shown = opened(path, dark=True, width=420)
    assert shown.locator("article.panel").count() == 4
    shown.evaluate("document.querySelectorAll('img').forEach((image) => image.loading = 'eager')")
    shown.wait_for_function("() => [...document.images].every((image) => image.complete)")
    widths = shown.evaluate("[...document.querySelectorAll('.crops img')].map(i => i.naturalWidth)")
    assert len(widths) == 12  # four of each fake, two of each pristine video
    assert set(widths) == {16}
    assert axe(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_crop_that_was_erased_later_leaves_a_calm_tile(run, evaluation, opened):
    sources = run(evaluation)
    path = site.write_page(ERRORS, sources, "a stamp")
    for crop in sources.site.frames_of("lab/swap/p6_fake"):
        crop.unlink()
    shown = opened(path, tolerates=["ERR_FILE_NOT_FOUND"])
    shown.locator(".crops .removed").first.wait_for()
    assert shown.locator("article.panel").first.locator(".crops img").count() == 0
