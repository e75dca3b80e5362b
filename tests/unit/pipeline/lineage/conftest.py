"""Made stores, and an output folder of three runs whose files are what their store says of them."""

import gzip
import hashlib
import json
import pathlib
import shutil
import struct
from types import ModuleType

import lineage_store
import pytest

from pipeline.lineage.store import Store
from pipeline.metadata import connection
from schemas import track_index
from schemas.track_index import TrackRow


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The generator: `made.make_store`, `made.run_name`, `made.videos_of`."""
    return lineage_store


@pytest.fixture(scope="session")
def history(made, tmp_path_factory) -> pathlib.Path:
    """The output folder of four runs, two to a manifest; tests leave it as it is."""
    output = tmp_path_factory.mktemp("history")
    made.make_store(output, runs=4)
    return output


@pytest.fixture(scope="session")
def store(history) -> Store:
    """The store of `history`."""
    return Store(connection.of_file(history / "metadata.db"))


@pytest.fixture(scope="session")
def repeated(made, tmp_path_factory) -> Store:
    """A run, and a second one that takes everything from the cache."""
    output = tmp_path_factory.mktemp("repeated")
    return Store(connection.of_file(made.make_store(output, runs=1, repeats=1)))


_EXTRA = pathlib.Path("assets.extra")


def write_records(path, records):
    """A TFRecord file; the checksums are left 0."""
    framed = (struct.pack("<QI", len(r), 0) + r + struct.pack("<I", 0) for r in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb") as file:
        file.writelines(framed)


def _complete_examples(folder):
    rows = []
    by_split = {}
    for row in track_index.read(str(folder)):
        example = f"crops of {row.video_key}".encode()
        by_split.setdefault(row.split, []).append(example)
        digest = hashlib.sha256(example).hexdigest()
        rows.append(TrackRow(**{**vars(row), "digest": digest}))
    track_index.write(str(folder), rows)
    for split, examples in by_split.items():
        write_records(folder / f"Split-{split}" / "tracks-00000-of-00001.gz", examples)


def _complete(store):
    for artifact in store.all_artifacts():
        folder = pathlib.Path(artifact.uri)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / track_index.FILE_NAME).exists():
            _complete_examples(folder)
        elif artifact.type == "Examples":
            write_records(folder / "Split-train" / "transformed.gz", [b"transformed"])
        elif artifact.type == "Model":
            scores = {"made/original/v6/0": 0.1, "made/swap/v7/0": 0.9}
            path = folder / "Format-Serving" / _EXTRA / "reference.json"
            path.write_text(json.dumps(scores))
    for artifact in store.artifacts_by_type("PushedModel"):
        if artifact.properties["pushed"] == 1:
            [made] = [k for k in store.links_of_artifacts([artifact.id]) if k.is_output]
            read = store.links_of_executions([made.execution_id])
            [model] = store.artifacts(k.artifact_id for k in read if k.key == "model").values()
            for target in (artifact.uri, artifact.properties["pushed_destination"]):
                source = pathlib.Path(model.uri, "Format-Serving")
                shutil.copytree(source, target, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def _made(made, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "runs"
    made.make_store(output, runs=3)
    _complete(Store(connection.of_file(output / connection.SQLITE_FILE)))
    return output


@pytest.fixture
def output(_made):
    """Two runs on videos 0 to 23, pushed as 1000 and 1001; one on 6 to 29, which was refused.

    See `tests/harness/lineage_store.py`. Paths in the store are absolute: what a test changed is
    put back where it was.
    """
    backup = _made.with_name("backup")
    if not backup.exists():
        shutil.copytree(_made, backup)
    yield _made
    shutil.rmtree(_made)
    shutil.copytree(backup, _made)


@pytest.fixture
def reader(output):
    """Opens the store anew: what a Store has answered, it keeps."""
    return lambda: Store(connection.of_file(output / connection.SQLITE_FILE))


@pytest.fixture
def record_writer():
    """Writes a TFRecord file."""
    return write_records
