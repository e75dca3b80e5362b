"""The page of all runs, as it is written and as a browser shows it."""

import html
import re

import pytest

from pipeline.dashboards import site
from pipeline.lineage.records import Artifact

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page.read_text()))


@pytest.fixture
def two_runs(make_run, auc):
    make_run("r1", auc(overall=(0.9, 0.8, 1.0)), version="7", notice="Made up.")
    make_run("r2", auc(overall=(0.6, 0.5, 0.7)), notice="Made up.")
    return make_run


def write_page(make_run, *parts):
    path = make_run.output.joinpath("dashboard", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("<title>written</title>")


def test_an_empty_folder_says_how_to_begin(tmp_path):
    assert "No runs yet" in text_of(site.write_index(tmp_path, None))


def test_the_top_says_what_was_pushed_last_and_how_the_last_run_ended(two_runs):
    found = " ".join(text_of(site.write_index(two_runs.output, None)).split())
    assert "Runs of made" in found
    assert "Version 7 was pushed last, by the run r1 of 01 January 1970, 01:00 UTC." in found
    assert "The last run, r2 of 01 January 1970, 02:00 UTC: not pushed Pusher gave no" in found
    assert "2 runs: 1 pushed, 1 not pushed" in found


def test_a_notice_of_all_runs_stands_above_and_one_of_some_is_marked(two_runs, auc):
    page = site.write_index(two_runs.output, None)
    assert '<p class="notice" role="note">Made up.</p>' in page.read_text()
    assert "with a notice" not in text_of(page)
    two_runs("r3", auc(overall=(0.9, 0.8, 1.0)))
    found = text_of(site.write_index(two_runs.output, None))
    assert "Of 2 of 3 runs, marked “with a notice”: Made up." in found
    assert found.count("with a notice") == 3


def test_only_pages_that_are_written_are_led_to(two_runs):
    write_page(two_runs, "runs", "r2", "index.html")
    write_page(two_runs, "compare", "r1--r2.html")
    links = re.findall(r'href="([^"]+\.html)"', site.write_index(two_runs.output, None).read_text())
    assert set(links) == {"runs/r2/index.html", "compare/r1--r2.html"}


def test_what_runs_say_is_never_markup(make_run, auc, opened):
    make_run("r1", auc(overall=(0.9, 0.8, 1.0)), pipeline=HOSTILE, notice=HOSTILE)
    path = site.write_index(make_run.output, None)
    assert "<img" not in path.read_text()
    page = opened(path)
    assert page.get_by_role("heading", level=1).text_content() == f"Runs of {HOSTILE}"


def test_a_version_that_an_erasure_tainted_says_so(two_runs):
    class Store:
        def artifacts_by_type(self, type_name):
            assert type_name == "PushedModel"
            properties = {"pushed_version": "7", "tainted": 1}
            made = {"uri": "", "state": "LIVE", "created": None}
            return (Artifact(id=1, type=type_name, properties=properties, **made),)

    assert "7 tainted by an erasure" in " ".join(
        text_of(site.write_index(two_runs.output, Store())).split()
    )


def test_the_page_follows_runs_only_while_one_goes_on(two_runs):
    assert "data-live" not in site.write_index(two_runs.output, None).read_text()
    two_runs.begin("r3")
    assert "<body data-live>" in site.write_index(two_runs.output, None).read_text()


def test_a_run_that_cannot_be_read_is_told_and_hides_no_other(two_runs):
    (two_runs.output / "r1" / "summary.json").write_text("{")
    found = text_of(site.write_index(two_runs.output, None))
    assert "the run r1 cannot be read" in found
    assert "r2" in found


def test_two_runs_are_chosen_in_the_table_and_a_written_page_is_opened(two_runs, opened):
    write_page(two_runs, "compare", "r1--r2.html")
    page = opened(site.write_index(two_runs.output, None))
    compare = page.get_by_role("button", name="Compare", exact=True)
    assert compare.is_disabled()
    page.get_by_role("checkbox", name="Compare r2").check()
    page.get_by_role("checkbox", name="Compare r1").check()
    assert page.locator(".chosen").text_content() == "r1 → r2"  # the earlier one first
    compare.click()
    page.wait_for_url("**/compare/r1--r2.html")


def test_from_disk_a_pair_that_is_not_written_shows_the_command(two_runs, auc, opened):
    two_runs("r3", auc(overall=(0.9, 0.8, 1.0)))
    page = opened(site.write_index(two_runs.output, None))
    for name in ("r3", "r1"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    assert page.get_by_role("checkbox", name="Compare r2").is_disabled()  # two are enough
    page.get_by_role("button", name="Compare", exact=True).click()
    command = page.locator(".answer code").text_content()
    assert command == f"deepfake dashboard --output {two_runs.output} --compare r1 r3"


def test_a_choice_survives_sorting_and_searching(two_runs, opened):
    page = opened(site.write_index(two_runs.output, None))
    page.get_by_role("checkbox", name="Compare r1").check()
    page.locator("#runs").get_by_role("button", name="AUC").click()
    page.locator("#runs").get_by_role("searchbox").fill("r1")
    assert page.get_by_role("checkbox", name="Compare r1").is_checked()
    assert page.locator("#runs tbody tr:visible").count() == 1


def test_a_click_on_a_mark_opens_the_run(two_runs, opened):
    write_page(two_runs, "runs", "r1", "index.html")
    page = opened(site.write_index(two_runs.output, None))
    mark = page.locator("#trend .scatterlayer .trace .points path").first.bounding_box()
    page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    page.wait_for_url("**/runs/r1/index.html")
    assert page.title() == "written"


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_accessible(two_runs, opened, axe, dark):
    assert axe(opened(site.write_index(two_runs.output, None), dark=dark)) == []


def test_on_a_phone_nothing_scrolls_sideways(two_runs, opened):
    page = opened(site.write_index(two_runs.output, None), width=420)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
