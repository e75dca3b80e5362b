"""Sparse decoding against a decode of every frame."""

import av
import numpy as np
import pytest
from coded import raises_code

from components.video import packets, reader
from schemas.errors import TooFewFramesError, UndecodableVideoError

FORMATS = {
    "b-frames": {"options": {"g": "15", "bf": "2"}},
    "one keyframe": {"options": {"g": "250"}},
    "open gop": {"options": {"g": "15", "bf": "3", "x264-params": "open-gop=1"}},
    "variable rate": {"times": [40 * n + 9 * (n % 3) for n in range(60)]},
    "intra refresh": {"options": {"intra-refresh": "1", "g": "30"}},
    "transport stream": {"name": "video.ts", "options": {"g": "15"}},
    "vp9": {"name": "video.webm", "codec": "libvpx-vp9"},
    "mpeg-4 avi": {"name": "video.avi", "codec": "mpeg4", "options": {"bf": "2", "g": "12"}},
    "motion jpeg": {"name": "video.avi", "codec": "mjpeg"},
    "raw h.264": {"name": "video.h264", "options": {"g": "15"}},
}
TARGETS = (0, 1, 14, 15, 29, 44, 58, 59)


def all_frames(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("arguments", FORMATS.values(), ids=FORMATS.keys())
def test_frames_equal_those_of_a_sequential_decode(make_video, arguments):
    path = make_video(**arguments)
    truth = all_frames(path)
    sampled = reader.sample(path, lambda times: TARGETS, np.copy)
    assert sampled.indices == TARGETS
    assert sampled.num_frames == len(truth) == 60
    for index, frame in zip(TARGETS, sampled.results, strict=True):
        assert np.array_equal(frame, truth[index]), index


def test_most_files_need_no_sequential_decode(make_video, plain):
    assert not reader.sample(plain, lambda times: [7], np.shape).is_sequential
    raw = make_video("video.h264")
    assert reader.sample(raw, lambda times: [7], np.shape).is_sequential


def test_times_are_seconds_from_the_first_frame(make_video):
    path = make_video("video.ts")  # whose clock starts at 1.4 s
    sampled = reader.sample(path, lambda times: [0, 10, 59], np.shape)
    assert sampled.times == pytest.approx((0, 0.4, 2.36))


def test_pick_gets_the_time_of_every_frame_and_may_repeat_itself(plain):
    seen = []

    def pick(times):
        seen.append(times)
        return [30, 5, 30]

    assert reader.sample(plain, pick, np.shape).indices == (5, 30)
    assert seen[0] == pytest.approx([0.04 * number for number in range(60)])


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frames_are_turned_upright(plain, turned, degrees):
    straight = reader.sample(plain, lambda times: [20], np.copy).results[0]
    frame = reader.sample(turned(plain, degrees), lambda times: [20], np.copy).results[0]
    assert np.array_equal(frame, np.rot90(straight, degrees // 90))


def damage(path, positions):
    """Overwrites the data of the packets at `positions`, in file order."""
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for position in positions:
        start, size = places[position]
        content[start : start + size] = b"\x00" * size
    path.write_bytes(content)


def test_damaged_frames_are_left_out_and_the_rest_is_chosen_from(make_video):
    path = make_video("video.avi", codec="mjpeg")
    truth = all_frames(path)
    damage(path, range(10, 20))
    sampled = reader.sample(path, lambda times: [5, 15, len(times) - 1], np.copy)
    assert sampled.is_sequential
    assert sampled.num_frames == 50
    expected = (5, 25, 59)  # the 16th of the 50 good ones is frame 25
    assert all(np.array_equal(sampled.results[k], truth[i]) for k, i in enumerate(expected))


def test_too_few_undamaged_frames_are_an_error(make_video):
    path = make_video("video.avi", codec="mjpeg")
    damage(path, range(2, 60))

    def pick(times):
        if len(times) < 8:
            raise TooFewFramesError("too_few_frames", "too few")
        return [0, 59]

    with raises_code("corrupt_frames", match="only 2 frames"):
        reader.sample(path, pick, np.shape)


def test_a_video_without_one_good_frame_is_undecodable(make_video):
    path = make_video("video.avi", codec="mjpeg")
    damage(path, range(60))
    with pytest.raises(UndecodableVideoError):
        reader.sample(path, lambda times: [0], np.shape)


def packet(pts, is_keyframe=False):
    return packets.Packet(pts, is_keyframe, True)


def test_runs_start_at_the_keyframe_join_and_never_overlap():
    # Decoding order I0 P3 B1 B2, I4 P7 B5 B6, I8: positions 0 to 8.
    stream = [packet(p, p % 4 == 0) for p in (0, 3, 1, 2, 4, 7, 5, 6, 8)]
    assert packets.decode_runs(stream, [0]) == [(0, 0)]
    assert packets.decode_runs(stream, [2, 1]) == [(0, 2)]
    assert packets.decode_runs(stream, [6]) == [(4, 6)]
    assert packets.decode_runs(stream, [2, 8]) == [(0, 2), (8, 8)]
    assert packets.decode_runs(stream, [3, 6, 8]) == [(0, 6), (8, 8)]


def test_frames_before_the_first_keyframe_start_at_the_beginning():
    assert packets.decode_runs([packet(0), packet(1), packet(2, True)], [1]) == [(0, 1)]
