"""An exception of any library, in a few lines that help."""

import apache_beam as beam
import pytest

from pipeline.runs import process


class CodedError(Exception):
    code = "class_missing"


class NumberedError(Exception):
    code = 404


def caught(raise_it):
    with pytest.raises(BaseException) as info:  # noqa: PT011 (any is meant)
        raise_it()
    return info.value


def test_the_error_with_a_code_is_found_below_what_wraps_it():
    def work():
        try:
            raise CodedError("val holds no fake video")
        except CodedError as error:
            raise RuntimeError("executor failed") from error

    failed = process.describe_failure(caught(work), "Trainer")
    assert (failed.node, failed.code, failed.type) == ("Trainer", "class_missing", "CodedError")
    assert failed.message == "val holds no fake video"
    assert "finished nodes come from the cache" in failed.advice


def test_a_code_that_is_no_text_is_no_code():
    failed = process.describe_failure(NumberedError("gone"), "")
    assert (failed.code, failed.message) == ("", "gone")


def test_an_error_without_a_message_is_named_by_its_type():
    assert process.describe_failure(ZeroDivisionError(), "A").message == "ZeroDivisionError"


def test_a_long_message_is_cut():
    failed = process.describe_failure(ValueError("\n".join(map(str, range(40)))), "A")
    assert failed.message.splitlines()[-1] == "... 28 more lines"


@pytest.mark.parametrize("mode", ["in_memory", "multi_threading"])
def test_what_beam_raises_ends_with_the_words_of_the_original(mode):
    def fail(value):
        raise LookupError("a bug, not a bad video")

    def work():
        arguments = ["--runner=FnApiRunner", f"--direct_running_mode={mode}"]
        with beam.Pipeline(argv=arguments) as pipeline:
            _ = pipeline | beam.Create([1]) | "Work" >> beam.Map(fail)

    failed = process.describe_failure(caught(work), "FrameExtractor")
    assert (failed.type, failed.message) == ("LookupError", "a bug, not a bad video")
