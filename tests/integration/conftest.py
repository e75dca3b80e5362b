"""Real runs of the command line, shared by the integration tests.

The runs of one session follow one another on the same output folder, as a user's would: `first`
is everything from nothing, `repeated` and `settled` change nothing, `extended` adds a video,
`stopped` fails at the data gate, `refused` trains a model that guesses.
"""

import csv
import dataclasses
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from types import MappingProxyType
from typing import Any

import av
import numpy as np
import pytest

from pipeline.demo import dataset

ROOT = pathlib.Path(__file__).parents[2]

# Small crops of short videos, heads only: quick, and good enough for a gate that means something.
CONFIG = """\
name: deepfake-test
clip: {num_clips: 2, crop_size: 64}
gate: {max_dead_letter_ratio: 0.2}
training:
  epochs: 20
  fine_tune_epochs: 0
  patience: 20
evaluation:
  min_auc: 0.7
  min_balanced_accuracy: 0.4
  min_slice_recall: 0.0
  min_slice_specificity: 0.0
  min_slice_auc: 0.0
  min_test_videos: 2
  bootstrap_rounds: 200
"""

# video_id to the code with which it must be rejected.
BAD_VIDEOS = {
    "corrupt": "undecodable",
    "empty": "undecodable",
    "audio_only": "no_video_stream",
    "faceless": "no_face",
    "truncated": "truncated",
}


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run: exit status, what was printed, and the report."""

    status: int
    screen: str
    folder: pathlib.Path
    summary: dict[str, Any]

    @property
    def states(self) -> dict[str, str]:
        """Node id to state."""
        return {node["id"]: node["state"] for node in self.summary["nodes"]}


@pytest.fixture(scope="module")
def processes() -> Iterator[Callable[..., BaseProcess]]:
    """`processes(function, *arguments)` starts a function of `shared_graph` in a process.

    TFX is imported once for all of them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["shared_graph"])
    with pytest.MonkeyPatch.context() as patch:
        # The fork server looks for modules where its environment says, not where this process does.
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests" / "harness"), str(ROOT)]))
        forkserver.ensure_running()

        def start(function: Callable[..., None], *arguments: object) -> BaseProcess:
            process = context.Process(target=function, args=arguments)
            process.start()
            return process

        yield start


Deepfake = Callable[..., "subprocess.CompletedProcess[str]"]
Runner = Callable[..., Run]


@pytest.fixture(scope="session")
def deepfake(tmp_path_factory: pytest.TempPathFactory) -> Deepfake:
    """Calls the command as installed, from an empty folder, without a terminal."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    program = pathlib.Path(sys.executable).with_name("deepfake")

    def call(
        *arguments: str,
        cwd: pathlib.Path = elsewhere,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *arguments],
            cwd=cwd,
            env={**os.environ, "COLUMNS": "120", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1200,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def runner(deepfake: Deepfake) -> Runner:
    """Calls `deepfake run` or `deepfake demo` and reads the report of the run it made."""

    def run(
        output: pathlib.Path,
        *arguments: str,
        command: str = "run",
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Run:
        before = set(output.glob("*/summary.json"))
        done = deepfake(command, "--output", str(output), *arguments, environment=environment)
        made = set(output.glob("*/summary.json")) - before
        assert len(made) == 1, f"exit status {done.returncode}\n{done.stdout}"
        path = made.pop()
        return Run(done.returncode, done.stdout, path.parent, json.loads(path.read_text()))

    return run


@dataclasses.dataclass(frozen=True)
class Workplace:
    """Files of the shared runs."""

    manifest: pathlib.Path
    config: pathlib.Path
    output: pathlib.Path
    spare_row: dict[str, str]

    @property
    def arguments(self) -> Sequence[str]:
        return ("--manifest", str(self.manifest), "--config", str(self.config))


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Demo videos of 16 identities, five bad videos among them, and one video held back."""
    folder = tmp_path_factory.mktemp("workplace")
    manifest = dataset.write_dataset(
        folder / "data", num_identities=16, num_takes=1, seconds=1.4, workers=2
    )
    rows = _read(manifest)
    pristine = next(row for row in rows if row["label"] == "real")
    rows += _bad_rows(folder / "data" / "videos", manifest.parent / pristine["path"])
    spare = dict(_row("added"), target_identity="somebody_new")
    _recode(manifest.parent / pristine["path"], folder / "data" / spare["path"])
    _write(manifest, rows)
    config = folder / "test.yaml"
    config.write_text(CONFIG)
    return Workplace(manifest, config, folder / "runs", spare)


@pytest.fixture(scope="session")
def first(runner: Runner, workplace: Workplace) -> Run:
    """The session-wide pipeline run: everything from nothing."""
    return runner(workplace.output, *workplace.arguments)


@pytest.fixture(scope="session")
def repeated(first: Run, runner: Runner, workplace: Workplace) -> Run:
    """The same again: the blessed model is now the baseline."""
    return runner(workplace.output, *workplace.arguments)


@pytest.fixture(scope="session")
def settled(repeated: Run, runner: Runner, workplace: Workplace) -> Run:
    """The same a third time."""
    return runner(workplace.output, *workplace.arguments)


@pytest.fixture(scope="session")
def extended(settled: Run, runner: Runner, workplace: Workplace) -> Run:
    """One video more in the manifest, up to the data gate."""
    rows = _read(workplace.manifest)
    _write(workplace.manifest, [*rows, workplace.spare_row])
    try:
        return runner(workplace.output, *workplace.arguments, "--to", "DataGate")
    finally:
        _write(workplace.manifest, rows)


@pytest.fixture(scope="session")
def stopped(settled: Run, runner: Runner, workplace: Workplace) -> Run:
    """The bad videos are more than the data gate allows."""
    return runner(
        workplace.output, *workplace.arguments, "--set", "gate.max_dead_letter_ratio=0.01"
    )


@pytest.fixture(scope="session")
def refused(settled: Run, runner: Runner, workplace: Workplace) -> Run:
    """The small net after one epoch at a learning rate of nothing."""
    return runner(
        workplace.output,
        *workplace.arguments,
        *("--set", "training.encoder=small_cnn", "--set", "training.epochs=1"),
        *("--set", "training.learning_rate=0.0000001"),
    )


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of a reader of the README: empty but for the environment, where it expects it."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="session")
def demo(place: pathlib.Path) -> "subprocess.CompletedProcess[str]":
    """What `make demo` does there once `.venv` is there."""
    recipe = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "demo", "ARGS="],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    command = recipe.stdout.strip().splitlines()[-1]
    return subprocess.run(
        command, shell=True, cwd=place, capture_output=True, text=True, timeout=1500, check=False
    )


def _read(manifest: pathlib.Path) -> list[dict[str, str]]:
    with manifest.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(manifest: pathlib.Path, rows: Sequence[dict[str, str]]) -> None:
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _row(video_id: str) -> dict[str, str]:
    return {"video_id": video_id, "path": f"videos/{video_id}.mp4", "label": "real"}


def _bad_rows(folder: pathlib.Path, good: pathlib.Path) -> list[dict[str, str]]:
    (folder / "corrupt.mp4").write_bytes(np.random.default_rng(0).bytes(4096))
    (folder / "empty.mp4").write_bytes(b"")
    _write_audio(folder / "audio_only.mp4")
    _write_faceless(folder / "faceless.mp4")
    shutil.copyfile(good, folder / "truncated.mp4")
    os.truncate(folder / "truncated.mp4", good.stat().st_size * 2 // 3)
    return [_row(video_id) for video_id in BAD_VIDEOS]


def _write_audio(path: pathlib.Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        for index in range(16):
            tone = np.sin(np.arange(1024, dtype=np.float32) / 8)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, index * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_faceless(path: pathlib.Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    frames = [np.roll(noise.repeat(32, 0).repeat(32, 1), shift, 1) for shift in range(36)]
    _encode(path, frames)


def _recode(source: pathlib.Path, path: pathlib.Path) -> None:
    """Another video of the same content: darker, so that its digest differs."""
    with av.open(str(source)) as container:
        frames = [f.to_ndarray(format="rgb24") // 8 * 7 for f in container.decode(video=0)]
    _encode(path, frames)


def _encode(path: pathlib.Path, frames: Sequence["np.ndarray[Any, Any]"]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
