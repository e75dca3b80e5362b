"""What went into one run and not into the other."""

import made_reports

from pipeline.dashboards.comparison import changes
from pipeline.lineage import comparison
from schemas.run_report import Gate


def rows(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_changed_videos_are_counted_by_class_and_split(facts, video):
    old = facts("r1", videos=[video("v1"), video("v2", is_fake=False), video("v3")])
    new = facts(
        "r2", videos=[video("v1", split="train"), video("v3"), video("v4", split="calibration")]
    )
    found = comparison.compare(old, new)
    table = changes.video_counts(found, old, new)
    assert [column.title for column in table.columns] == [
        *("Change", "Videos", "Fake", "Real", "train", "val", "calibration", "test")
    ]
    assert rows(table) == [
        ["added", "1", "1", "0", "0", "0", "1", "0"],
        ["removed", "1", "0", "1", "0", "0", "0", "1"],
        ["moved to another split", "1", "1", "0", "1", "0", "0", "0"],
    ]
    assert "1 are as they were" in table.caption


def test_every_changed_video_is_named_with_what_it_was(facts, video):
    old = facts("r1", videos=[video("v1"), video("v2"), video("v3")])
    new = facts("r2", videos=[video("v1", is_fake=False), video("v3", digest="e" * 64)])
    section = changes.video_list(comparison.compare(old, new), old, new)
    assert rows(section.table) == [
        ["made/original/v2", "removed", "fake, test", ""],
        ["made/original/v1", "relabelled", "fake", "real"],
        ["made/original/v3", "other bytes", "d", "e" * 12],
    ]
    assert section.more == ""


def test_a_long_list_is_cut_and_says_where_the_whole_is(facts, video):
    old = facts("r1")
    new = facts("r2", videos=[video(f"v{number}") for number in range(103)])
    section = changes.video_list(comparison.compare(old, new), old, new)
    assert len(section.table.rows) == 100
    assert section.more == "and 3 videos more; the command at the end lists all"


def test_settings_code_and_packages_show_both_values(facts):
    old = facts("r1", configuration={"training.epochs": 2}, packages={"keras": "3.14"})
    new = facts("r2", configuration={"training.epochs": 3, "x": None}, packages={"keras": "3.15"})
    found = changes.settings(comparison.compare(old, new))
    assert [(section.title, rows(section.table)) for section in found] == [
        ("Configuration", [["training.epochs", "2", "3"]]),
        ("Packages", [["keras", "3.14", "3.15"]]),
    ]


def gate(passed, **others):
    fixed = {"metric": "video_auc", "slice_name": "overall", "value": 0.5, "bound": 0.8}
    fixed |= {"baseline": None, "reason": "because"}
    return Gate(**{**fixed, "passed": passed, **others})


def told_apart(before, after):
    return changes.gates(*(made_reports.evaluated(gates=gates) for gates in (before, after)))


def test_gates_that_decided_otherwise_or_were_not_asked_are_told_apart():
    before = [gate(True), gate(True, metric="ece"), gate(False, slice_name="old")]
    after = [gate(False), gate(True, metric="ece"), gate(True, baseline=0.9)]
    assert rows(told_apart(before, after)) == [
        ["video_auc", "overall", "passed", "failed", "because"],
        ["video_auc, against the baseline", "overall", "not asked", "passed", "because"],
        ["video_auc", "old", "failed", "not asked", "because"],
    ]


def test_nothing_that_changed_makes_no_tables(facts, video):
    run = facts("r1", videos=[video("v1")], code={"Trainer": "a"})
    found = comparison.compare(run, run)
    assert changes.video_counts(found, run, run) is None
    assert changes.video_list(found, run, run) is None
    assert changes.settings(found) == ()
    assert told_apart([gate(True)], [gate(True)]) is None
    assert changes.gates(made_reports.report(), made_reports.report()) is None
