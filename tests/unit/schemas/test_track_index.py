"""The track index: what is written is read, in the order of its keys."""

from schemas import track_index
from schemas.track_index import TrackRow


def row(video_key, **values):
    defaults = {"record_key": "made/a", "split": "train", "num_present": 4, "digest": "0" * 64}
    return TrackRow(video_key=video_key, **(defaults | values))


def test_rows_come_back_in_the_order_of_their_keys(tmp_path):
    rows = [row("made/b/0", split="test"), row("made/a/1", num_present=3), row("made/a/0")]
    track_index.write(str(tmp_path), rows)
    assert track_index.read(str(tmp_path)) == [rows[2], rows[1], rows[0]]


def test_equal_rows_in_any_order_are_an_equal_file(tmp_path):
    rows = [row("made/a/0"), row("made/b/0")]
    texts = []
    for chosen in (rows, rows[::-1]):
        track_index.write(str(tmp_path), chosen)
        texts.append((tmp_path / track_index.FILE_NAME).read_text())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 2


def test_no_rows_are_an_empty_index(tmp_path):
    track_index.write(str(tmp_path), [])
    assert track_index.read(str(tmp_path)) == []
