"""Tests of progress reports."""

import json
import logging

from schemas import progress


def test_a_report_is_one_json_record(caplog):
    with caplog.at_level(logging.INFO, logger=progress.LOGGER_NAME):
        progress.report(videos_done=3, videos_total=7)
    [record] = caplog.records
    assert record.name == progress.LOGGER_NAME
    assert json.loads(record.getMessage()) == {"videos_done": 3, "videos_total": 7}


def test_without_a_listener_nothing_is_said(caplog):
    with caplog.at_level(logging.WARNING, logger=progress.LOGGER_NAME):
        progress.report(epoch=1)
    assert not caplog.records
