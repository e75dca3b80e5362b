"""The evaluation page in Chromium, small and with 200 slices."""

import dataclasses

import pytest

from pipeline.dashboards import site
from pipeline.dashboards.pages import EVALUATION

SWAP = "manipulation_method:swap"
MOST_BYTES = 3_000_000

DRAWN = "(id) => document.getElementById(id).querySelector('.plot').data"


def written(sources, shared_site):
    return site.write_page(EVALUATION, dataclasses.replace(sources, site=shared_site), "a stamp")


def drawn(page, chart):
    page.locator(f"#{chart}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{chart}[data-drawn]")
    return page.evaluate(DRAWN, chart)


def test_the_selector_switches_all_curves_and_the_matrix(evaluated, small, shared_site, opened):
    page = opened(written(evaluated(small), shared_site))
    assert drawn(page, "roc")[1]["y"][-1] == 1
    page.select_option("[data-selects=slice]", "compression_level:c23")
    assert drawn(page, "roc")[1]["y"] == [0, 0.667, 0.667, 1, 1]
    assert sum(drawn(page, "scores")[0]["y"]) == 3
    assert "2" in page.locator("#confusion .matrix tbody tr").first.inner_text()
    page.select_option("[data-selects=slice]", SWAP)
    page.wait_for_selector("#roc .missing")
    assert "one class" in page.locator("#roc .missing").inner_text()
    assert page.locator("#confusion output").inner_text() == "0.500"
    assert sum(drawn(page, "scores")[1]["y"]) == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_accessible(evaluated, small, shared_site, opened, axe, dark):
    page = opened(written(evaluated(small, baseline=small), shared_site), dark=dark)
    assert axe(page) == []


def test_nothing_scrolls_sideways_on_a_phone(evaluated, small, shared_site, opened):
    page = opened(written(evaluated(small, baseline=small), shared_site), width=420)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_two_hundred_slices_make_a_page_of_at_most_three_megabytes_that_works(
    evaluated, two_hundred, shared_site, opened
):
    path = written(evaluated(two_hundred, baseline=two_hundred), shared_site)
    assert path.stat().st_size <= MOST_BYTES
    page = opened(path)
    assert page.locator("#slices tbody tr").count() == 201
    page.select_option("[data-selects=slice]", "manipulation_method:method_199")
    assert len(drawn(page, "roc")[2]["x"]) > 20
    page.locator("#slices input").fill("method_10")
    assert page.locator("#slices tbody tr:visible").count() == 10
