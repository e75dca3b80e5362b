"""What the codes of dead letters and the rules of DataGate mean, and what to do."""

from collections.abc import Mapping
from typing import Final

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
