"""Tests of reading TFRecord files without TensorFlow."""

import pytest
import tensorflow as tf

from pipeline.lineage import side_files

RECORDS = [b"", b"a", b"b" * 3_000_000]


@pytest.mark.parametrize(("name", "options"), [("x.gz", "GZIP"), ("x.tfrecord", "")])
def test_records_that_tensorflow_wrote_come_back(tmp_path, name, options):
    path = tmp_path / name
    with tf.io.TFRecordWriter(str(path), options=options) as writer:
        for record in RECORDS:
            writer.write(record)
    assert list(side_files.read_records(path)) == RECORDS


@pytest.mark.parametrize("kept", [5, 13, 20])
def test_a_file_that_ends_inside_a_record_is_refused(tmp_path, kept):
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"a" * 10)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(side_files.RecordFileError, match="ends inside a record"):
        list(side_files.read_records(path))


def test_a_file_that_is_no_gzip_is_refused(tmp_path, record_writer):
    path = tmp_path / "x.gz"
    record_writer(path, [b"a" * 1000])
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(side_files.RecordFileError, match="cannot read"):
        list(side_files.read_records(path))
