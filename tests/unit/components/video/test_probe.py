"""What a file is found to be before anything of it is extracted."""

import hashlib
import struct
import wave

import av
import cv2
import numpy as np
import pytest
from coded import raises_code

from components.video import probe
from schemas.errors import UndecodableVideoError, VideoError


def test_facts_come_from_packets_and_the_first_frame(plain):
    info = probe.probe(plain)
    assert (info.codec, info.num_frames, info.width, info.height) == ("h264", 60, 160, 128)
    assert "mp4" in info.container.split(",")
    assert info.fps == pytest.approx(25)
    assert info.duration_seconds == pytest.approx(2.4)
    assert info.rotation == 0
    assert not info.truncated
    assert info.size_bytes == plain.stat().st_size
    assert info.digest == hashlib.sha256(plain.read_bytes()).hexdigest()


def test_the_average_rate_of_a_video_with_a_pause(make_video):
    times = [40 * number + (1000 if number >= 30 else 0) for number in range(60)]
    info = probe.probe(make_video(times=times))
    assert info.num_frames == 60
    assert info.fps == pytest.approx(59 / 3.36, rel=0.01)


def test_size_is_that_of_the_turned_picture(plain, turned):
    info = probe.probe(turned(plain, 90))
    assert (info.width, info.height, info.rotation) == (128, 160, 90)


def test_a_header_that_lies_about_the_frame_count(make_video):
    path = make_video("video.avi", 40, codec="mjpeg")
    content = bytearray(path.read_bytes())
    place = content.index(b"avih") + 8 + 16  # dwTotalFrames
    content[place : place + 4] = struct.pack("<I", 4000)
    path.write_bytes(content)
    assert probe.probe(path).num_frames == 40


@pytest.mark.parametrize(
    ("mux", "share"),
    [({}, 0.6), ({"movflags": "faststart"}, 0.02), ({"movflags": "faststart"}, 0.6)],
)
def test_a_cut_mp4_is_truncated_with_and_without_its_index(make_video, mux, share):
    path = make_video(mux=mux)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    try:
        is_truncated = probe.probe(path).truncated
    except VideoError as error:
        is_truncated = error.code == "truncated"
    assert is_truncated


def write_tone(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))


def write_song_with_cover(path):
    """An m4a file is no video, also when it carries a picture."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


def write_picture(path):
    cv2.imwrite(str(path), np.full((64, 64, 3), 90, np.uint8))


BAD = {
    "empty.mp4": (lambda path: path.write_bytes(b""), "undecodable"),
    "noise.mp4": (
        lambda path: path.write_bytes(np.random.default_rng(0).bytes(50_000)),
        "undecodable",
    ),
    "page.mp4": (lambda path: path.write_text("<html>no video</html>"), "undecodable"),
    "tone.wav": (write_tone, "no_video_stream"),
    "song.m4a": (write_song_with_cover, "no_video_stream"),
    "picture.jpg": (write_picture, "still_image"),
    "picture.png": (write_picture, "still_image"),
    "picture-as.mp4": (lambda path: write_renamed_picture(path), "still_image"),
}


def write_renamed_picture(path):
    picture = path.with_suffix(".png")
    write_picture(picture)
    picture.rename(path)


@pytest.mark.parametrize(("name", "write", "code"), [(n, *rest) for n, rest in BAD.items()])
def test_what_is_no_video_has_a_code_and_a_message(tmp_path, name, write, code):
    write(tmp_path / name)
    with pytest.raises(VideoError) as caught:
        probe.probe(tmp_path / name)
    assert caught.value.code == code
    assert len(str(caught.value)) > 20


def test_a_gif_of_one_frame_is_a_picture_and_one_of_many_is_a_video(make_video):
    def gif(num_frames):
        path = make_video("video.mkv", num_frames).with_suffix(".gif")
        with av.open(str(path), "w") as container:
            stream = container.add_stream("gif", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb8"
            for number in range(num_frames):
                picture = np.full((64, 64, 3), 40 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="rgb8")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    assert probe.probe(gif(5)).num_frames == 5
    with raises_code("still_image"):
        probe.probe(gif(1))


def test_a_codec_that_nobody_knows_is_undecodable(make_video):
    path = make_video("video.mkv", 10)
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))
    with pytest.raises(UndecodableVideoError, match="no decoder"):
        probe.probe(path)


def test_a_playlist_cannot_name_other_files(plain, tmp_path):
    path = tmp_path / "list.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{plain}'\n")
    with pytest.raises(UndecodableVideoError):
        probe.probe(path)


def test_a_missing_file_is_not_a_bad_video(tmp_path):
    with pytest.raises(FileNotFoundError):
        probe.probe(tmp_path / "missing.mp4")
