"""Tests of progress reports."""

import json
import logging
import threading

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


def reports(caplog):
    return [json.loads(record.getMessage()) for record in caplog.records]


def test_a_tally_reports_the_first_and_the_last_video(caplog, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_SECONDS", 60)
    tally = progress.Tally(4)
    with caplog.at_level(logging.INFO, logger=progress.LOGGER_NAME):
        for is_rejected in (True, False, True, False):
            tally.add(is_rejected=is_rejected)
    assert reports(caplog) == [
        {"videos_done": 1, "videos_total": 4, "videos_rejected": 1},
        {"videos_done": 4, "videos_total": 4, "videos_rejected": 2},
    ]


def test_a_tally_counts_across_threads(caplog, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0)
    tally = progress.Tally(200)

    def work():
        for _ in range(50):
            tally.add(is_rejected=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with caplog.at_level(logging.INFO, logger=progress.LOGGER_NAME):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [report["videos_done"] for report in reports(caplog)] == list(range(1, 201))
