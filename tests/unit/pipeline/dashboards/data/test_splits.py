"""Splits, opening figures and sample crops."""

import dataclasses

import made_reports
import pytest

from components.data_gate import facts, rules
from components.data_gate.settings import GateLimits
from pipeline.dashboards.data import files, left_out, page, samples, splits
from schemas import features, taxonomy


@pytest.fixture
def records(recorded):
    return recorded.records()


def test_the_table_counts_videos_people_and_tracks(run):
    sources = run()
    table = splits.table(files.records(sources), files.tracks(sources))
    shown = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}
    assert shown["train"] == ["8", "50.0 %", "4", "4", "12", "4", "4", "12.0"]
    assert shown["test"] == ["4", "25.0 %", "2", "2", "6", "2", "2", "6.0"]
    assert shown["all"] == ["16", "100.0 %", "8", "8", "24", "8", "8", "24.0"]


def test_bars_stack_the_classes_of_each_split(records, valid_figure):
    chart = splits.by_class(records)
    valid_figure(chart)
    assert {trace["name"]: trace["y"] for trace in chart.figure["data"]} == {
        "real": [4, 1, 1, 2],
        "fake": [4, 1, 1, 2],
    }


def test_methods_are_drawn_by_split_and_one_dataset_is_not(records, valid_figure):
    chart = splits.by_method(records)
    valid_figure(chart)
    train = chart.figure["data"][0]
    assert (train["name"], train["y"], train["x"]) == ("train", ["original", "swap"], [4, 4])
    assert splits.by_dataset(records) is None
    other = [dataclasses.replace(records[0], dataset="other"), *records[1:]]
    assert [row.cells[-1].text for row in splits.by_dataset(other).table.rows] == ["15", "1"]


def tiles(sources, report=None, refusal=""):
    found = page.overview_tiles(
        files.records(sources), files.tracks(sources), files.letters(sources), report, refusal
    )
    return {tile.label: tile for tile in found}


def test_the_opening_figures_are_those_of_the_run(run):
    found = tiles(run())
    values = {label: tile.value for label, tile in found.items()}
    assert values == {
        "Videos in the manifest": "16",
        "Left out": "0",
        "Accepted by the validator": "16",
        "Identities": "8",
        "Connected components": "8",
        "Total duration": "24 min 0 s",
        "Coverage": "100.0 %",
    }
    assert found["Accepted by the validator"].note == "8 fake, 8 real"


def outcome(recorded, **limits):
    found = facts.Facts(
        anomalies=(),
        num_examples={},
        records=tuple(recorded.records()),
        tracks=(),
        letters=(),
        num_rows=16,
    )
    given = {"max_dead_letter_ratio": 0.1, "min_videos_per_class": 1, **limits}
    judged = GateLimits(blocking_severities=("ERROR",), allowed_anomalies=(), **given)
    return [dataclasses.asdict(rule(found, judged)) for rule in rules.ALL]


def test_broken_rules_come_first_with_what_breaks_them(recorded):
    report = {"passed": False, "rules": outcome(recorded)}
    table = left_out.gate_table(report)
    assert [row.cells[1].text for row in table.rows][:2] == ["broken", "passed"]
    [offence] = left_out.gate_offences(report)
    assert offence.rule == "videos_per_class"
    assert "train: 0 real videos with examples" in offence.offenders


def test_many_offenders_are_cut_with_their_number():
    rule = {"rule": "leakage", "passed": False, "offenders": [f"person {n}" for n in range(13)]}
    [offence] = left_out.gate_offences({"rules": [rule]})
    assert (len(offence.offenders), offence.more.split(";")[0]) == (10, "and 3 more")


def test_a_refusal_is_told_in_the_words_of_the_gate():
    said = "the data breaks 1 of 6 rules"
    assert left_out.gate_refusal(made_reports.failed("DataGate", said)) == said
    assert left_out.gate_refusal(made_reports.failed("Trainer", said)) == ""
    assert left_out.gate_refusal(made_reports.report()) == ""


def test_every_slice_shows_different_people_with_label_and_split(run):
    sources = run()
    found = {key.title: key for key in samples.of_slices(sources)}
    assert len(found) == len(features.SLICE_KEYS)
    methods = {one.value: one.samples for one in found["Manipulation method"].slices}
    assert set(methods) == {"original", "swap"}
    assert len(methods["swap"]) == samples.PER_SLICE
    assert {one.label for one in methods["swap"]} == {taxonomy.FAKE}
    people = [one.record_key.split("/p")[1][0] for one in methods["swap"]]
    assert len(set(people)) == samples.PER_SLICE
    shown = [one for key in found.values() for part in key.slices for one in part.samples]
    assert {one.split for one in shown} <= {"train", "test"}
    for one in shown:
        assert (sources.site.run(sources.run_id) / one.href).is_file()


def test_sizes_known_of_extracted_tracks_only_are_shown_too(run):
    found = {key.title: key for key in samples.of_slices(run())}
    sizes = {one.value: len(one.samples) for one in found["Face size class"].slices}
    assert sizes == {"medium": 4, "large": 1}  # only person 7 has a large face
