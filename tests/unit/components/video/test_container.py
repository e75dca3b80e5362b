"""Containers that were cut short, told from whole ones."""

import pytest

from components.video import container

FORMATS = {
    "mp4": {},
    "faststart mp4": {"mux": {"movflags": "faststart"}},
    "fragmented mp4": {"mux": {"movflags": "frag_keyframe+empty_moov"}},
    "mov": {"name": "video.mov"},
    "mkv": {"name": "video.mkv"},
    "webm": {"name": "video.webm", "codec": "libvpx-vp9"},
    "avi": {"name": "video.avi", "codec": "mpeg4"},
}


@pytest.mark.parametrize("arguments", FORMATS.values(), ids=FORMATS.keys())
def test_a_file_is_torn_wherever_it_was_cut_and_whole_if_it_was_not(make_video, arguments):
    whole = make_video(frames=30, **arguments)
    assert not container.is_torn(whole)
    content = whole.read_bytes()
    for share in (0.02, 0.1, 0.5, 0.9, 0.999):
        cut = whole.with_name(f"cut-{share}")
        cut.write_bytes(content[: int(share * len(content))])
        assert container.is_torn(cut), share


def test_a_fragmented_file_is_torn_at_every_cut_before_its_first_fragment_is_whole(make_video):
    path = make_video(frames=30, mux={"movflags": "frag_keyframe+empty_moov"})
    content = path.read_bytes()
    missed = []
    for end in range(12, content.index(b"mdat") + 64):
        path.write_bytes(content[:end])
        missed += [] if container.is_torn(path) else [end]
    assert missed == []


def test_a_fragment_without_its_data_and_half_a_box_header_are_torn(make_video):
    path = make_video(frames=30, mux={"movflags": "frag_keyframe+empty_moov"})
    content = path.read_bytes()
    data = content.index(b"mdat") - 4
    for end, is_torn in ((data, True), (data + 5, True), (content.index(b"mfra") - 4, False)):
        path.write_bytes(content[:end])
        assert container.is_torn(path) == is_torn, end


def test_a_live_recording_declares_no_size_and_is_not_torn(make_video):
    live = make_video("video.mkv", 30, mux={"live": "1"})
    cut = live.with_name("cut.mkv")
    cut.write_bytes(live.read_bytes()[:-500])
    assert not container.is_torn(cut)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 64, b"<html>" * 20, bytes(range(256))])
def test_what_is_no_container_is_not_torn(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert not container.is_torn(path)


def test_trailing_bytes_do_not_make_a_file_torn(plain, tmp_path):
    path = tmp_path / "padded.mp4"
    path.write_bytes(plain.read_bytes() + b"\x00" * 100)
    assert not container.is_torn(path)
