"""The page of two runs, of real records, as a browser shows it."""

import dataclasses
import html
import re

import pytest
from coded import raises_code

from pipeline.dashboards import site
from schemas import erased


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text())).split())


def test_it_begins_with_the_judgement_and_what_changed(recorded):
    found = text_of(site.write_comparison(recorded[1], recorded[2]))
    assert "from 20260101-000001-made to 20260101-000002-made" in found
    assert "worse The later run is worse on its test videos: AUC fell" in found
    assert "What changed: 6 videos added, 6 videos removed" in found
    assert "Gates that decided otherwise" in found
    assert "video_auc 0.5 < 0.8 on overall" in found


def test_runs_on_the_same_data_say_so(recorded):
    found = text_of(site.write_comparison(recorded[0], recorded[1]))
    assert "The figures are the same: AUC is 0.950 in both." in found
    assert "The same videos, labels and splits: 24" in found
    assert "Every gate that both were asked decided the same." in found


def test_names_are_never_markup(recorded):
    page = site.write_comparison(recorded[1], recorded[2])
    assert "<b>" not in page.read_text()  # a slice is called so
    assert "made_slice:<b>" in text_of(page)


def test_a_run_without_records_cannot_be_compared(recorded):
    bare = dataclasses.replace(recorded[1], store=None)
    with raises_code("nothing_recorded", match="no records of 20260101-000001-made"):
        site.write_comparison(recorded[0], bare)


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_it_and_it_is_accessible(recorded, opened, axe, dark):
    page = opened(site.write_comparison(recorded[1], recorded[2]), dark=dark)
    page.locator("#pairs").scroll_into_view_if_needed()
    page.wait_for_selector("#pairs[data-drawn]")
    assert page.locator("#pairs .scatterlayer .point").count() == 4
    assert axe(page) == []


def test_on_a_phone_nothing_scrolls_sideways(recorded, opened):
    page = opened(site.write_comparison(recorded[1], recorded[2]), width=420)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_an_erased_video_is_counted_and_not_named(recorded):
    named = re.compile(r"made/\w+/v\d+")
    [first, *_] = sorted(set(named.findall(site.write_comparison(*recorded[1:]).read_text())))
    key = erased.ErasedKey(kind=erased.VIDEO, sha256=erased.digest(first), erased_at="2026-01-03")
    erased.add(recorded[2].output / erased.FILE_NAME, key)
    page = site.write_comparison(*recorded[1:])
    assert first not in named.findall(page.read_text())
    assert "6 videos added, 6 videos removed" in text_of(page)
