"""What was left out and why: dead letters, and the rules of DataGate."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import tables
from pipeline.dashboards.data.files import Letters
from pipeline.dashboards.tables import Cell, Column, Row, Table
from schemas import names, taxonomy
from schemas.dead_letter import ERASED
from schemas.run_report import RunReport

# Code to what was found, and what to do. The codes are those of `schemas.dead_letter`.
LETTERS: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_row": ("The manifest row contradicts itself or the data model.", "Correct the row."),
    "duplicate_key": ("An earlier row has the same key.", "Remove one, or rename the video."),
    "missing_file": ("The file is not where the row says.", "Correct the path, or copy the file."),
    "label_conflict": (
        "The same file is labelled real in one row and fake in another.",
        "Find out which label is right; keep that row.",
    ),
    "erased": ("Left out on purpose: the video or a person in it was erased.", "Nothing."),
    "undecodable": ("No frame can be decoded.", "Get the file again, or convert it."),
    "no_video_stream": ("The file has sound only.", "Remove the row, or name the right file."),
    "still_image": ("The file is one picture.", "Remove the row."),
    "too_short": ("Shorter than the rules ask for.", "Remove it, or lower the least duration."),
    "too_long": ("Longer than the rules allow.", "Cut it."),
    "too_small": ("The picture is too small to judge a face.", "Get a larger copy, or remove it."),
    "frame_rate_out_of_range": (
        "Too few or too many frames per second.",
        "Check how the file was made; convert it or remove it.",
    ),
    "truncated": ("The file ends before its last frame.", "Copy it again from its source."),
    "exact_duplicate": ("The same bytes as another video.", "Nothing: one copy is kept."),
    "no_face": ("No sampled frame shows a face.", "Remove it, or try another face detector."),
    "face_too_small": (
        "Faces are there, but none large enough.",
        "Get a larger copy, or lower the least face size.",
    ),
    "too_few_frames": (
        "The video, or the face in it, has too few frames.",
        "Remove it, or shorten the clips.",
    ),
    "corrupt_frames": (
        "Frames that the clips need are damaged.",
        "Copy or download the file again.",
    ),
    "decode_timeout": (
        "Decoding took longer than allowed.",
        "Raise the time limit of the extraction, or convert the file.",
    ),
}

# Rule to what it asks. The rules are those of `components.data_gate.rules`.
RULES: Final[Mapping[str, str]] = {
    "blocking_anomalies": "TFDV finds no anomaly that blocks",
    "dead_letter_ratio": "Not too many videos were left out",
    "videos_per_class": "Every split has enough real and enough fake videos",
    "leakage": "No person, source video or file is in two splits",
    "misplaced_examples": "Every example is in the split of its video",
    "lost_examples": "No example got lost between extraction and statistics",
}

MAX_LETTERS: Final = 400  # listed on the page; the files have them all

_SHOWN: Final = 10


def letters_by_code(found: Sequence[Letters]) -> Table | None:
    """One row for each code, the most frequent first; None if nothing was left out."""
    counts = collections.Counter((one.node, letter.code) for one in found for letter in one.letters)
    if not counts:
        return None
    num_rows = max(one.num_inputs for one in found)
    return Table(
        caption=f"Of {num_rows:,} rows of the manifest",
        columns=[
            Column(title="Code"),
            Column(title="Found by"),
            Column(title="Videos", kind="number"),
            Column(title="Share", kind="number", help="Of all rows of the manifest"),
            Column(title="What it means"),
            Column(title="What to do"),
        ],
        rows=[
            _code_row(node, code, count, num_rows)
            for (node, code), count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
        ],
    )


def listed_letters(found: Sequence[Letters]) -> Table | None:
    """One row for each letter, at most `MAX_LETTERS`; None if there is none."""
    rows = [
        Row(
            cells=[
                tables.text(letter.record_key),
                tables.text(letter.code),
                tables.text(one.node),
                tables.text(_label(letter.is_fake)),
                tables.text(letter.message),
            ]
        )
        for one in found
        for letter in one.letters
    ]
    if not rows:
        return None
    return Table(
        caption="Every video that was left out",
        columns=[
            Column(title="Video", help="Record key, or number of the row"),
            Column(title="Code"),
            Column(title="Found by"),
            Column(title="Label"),
            Column(title="Message"),
        ],
        rows=rows[:MAX_LETTERS],
        is_searchable=True,
        hides_caption=True,
    )


def more_letters(found: Sequence[Letters]) -> str:
    """A remark on the letters that the table leaves out; empty if it has them all."""
    total = num_letters(found)
    if total <= MAX_LETTERS:
        return ""
    folders = " and ".join(str(one.folder) for one in found if one.letters)
    return f"and {total - MAX_LETTERS:,} more; all are in the files of {folders}"


def num_letters(found: Sequence[Letters], *, with_erased: bool = True) -> int:
    """How many videos were left out."""
    return sum(with_erased or letter.code != ERASED for one in found for letter in one.letters)


def _code_row(node: str, code: str, count: int, num_rows: int) -> Row:
    meaning, advice = LETTERS[code]
    return Row(
        cells=[
            tables.text(code),
            tables.text(node),
            tables.number(count),
            tables.number(100 * count / num_rows if num_rows else None, 1, unit="%"),
            tables.text(meaning),
            tables.text(advice),
        ]
    )


def _label(is_fake: bool | None) -> str:
    if is_fake is None:
        return tables.UNDEFINED
    return taxonomy.FAKE if is_fake else taxonomy.REAL


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offence:
    """What breaks a rule: the first offenders, and a remark on how many more there are."""

    rule: str
    offenders: Sequence[str]
    more: str


def gate_table(report: Mapping[str, Any]) -> Table:
    """One row for each rule, broken ones first."""
    ordered = sorted(report["rules"], key=lambda rule: rule["passed"])
    return Table(
        caption="Rules that stop a run before anything is trained",
        columns=[
            Column(title="Rule"),
            Column(title="Outcome"),
            Column(title="Value", kind="number"),
            Column(title="Limit", kind="number"),
            Column(title="What was found, or what to do if the rule is broken"),
        ],
        rows=[_row(rule) for rule in ordered],
        is_sortable=False,
        hides_caption=True,
    )


def gate_offences(report: Mapping[str, Any]) -> list[Offence]:
    """What breaks the rules; empty where all passed."""
    found = []
    for rule in report["rules"]:
        more = len(rule["offenders"]) - _SHOWN
        if rule["offenders"]:
            remark = f"and {more:,} more; all are in DataGate's report" if more > 0 else ""
            found.append(
                Offence(rule=rule["rule"], offenders=rule["offenders"][:_SHOWN], more=remark)
            )
    return found


def gate_refusal(report: RunReport) -> str:
    """DataGate's message where it stopped the run, for then TFX keeps no report; else empty."""
    error = report.error
    return error.message if error and error.node == names.DATA_GATE else ""


def _row(rule: Mapping[str, Any]) -> Row:
    return Row(
        cells=[
            Cell(text=RULES.get(rule["rule"], rule["rule"]), note=rule["rule"]),
            tables.text("passed", tone="good")
            if rule["passed"]
            else tables.text("broken", tone="bad"),
            _measured(rule["value"]),
            _measured(rule["limit"]),
            tables.text(rule["advice"]),
        ]
    )


def _measured(value: float) -> Cell:
    return tables.number(value, 0 if float(value).is_integer() else 3)
