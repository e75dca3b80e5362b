"""Pages in real Chromium, without a network: what the scripts do, and that nothing complains."""

import re

import pytest

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.tables import Cell, Column, Row, Table
from schemas.run_report import Estimate

SELECTED = """
{{ parts.selector("slice", "Slice", ["overall", "codec:h264", "codec:vp9"]) }}
{% call parts.panel("one", "One") %}{{ parts.chart(chart) }}{% endcall %}
{% call parts.panel("two", "Two") %}{{ parts.confusion("matrix", confusion, "slice") }}{% endcall %}
"""
TABLE = '{% call parts.panel("one", "One", wide=true) %}{{ parts.table(table) }}{% endcall %}'
CHART = '{% call parts.panel("one", "One") %}{{ parts.chart(chart) }}{% endcall %}'
# Of Okabe and Ito; the style sheet's, as browsers write them.
BLUE, SKY_BLUE, VERMILLION = "rgb(0, 114, 178)", "rgb(86, 180, 233)", "rgb(213, 94, 0)"
HOSTILE = "</script><b onclick=alert(1)>bold</b><img src=x onerror=alert(1)>@real"


def slices():
    """Three slices, one without an AUC; sorting by text would put 9 behind 10."""
    high, low = (Estimate(value=value, lower=0.1, upper=0.9) for value in (0.75, 0.5))
    rows = [("codec:vp9", 9, high), ("codec:h264", 10, None), ("overall", 100, low)]
    return Table(
        caption="Slices",
        is_searchable=True,
        columns=[
            Column(title="Slice"),
            Column(title="Videos", kind="number"),
            Column(title="AUC", kind="number", help="Chance that a fake scores above."),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(name),
                    tables.number(count),
                    tables.estimate(auc),
                ]
            )
            for name, count, auc in rows
        ],
    )


def curve(**others):
    """A line in the candidate's colour, by slice; codec:vp9 has none."""
    figure = charts.figure(
        [{"type": "scatter", "x": [0, 1], "y": [0.25, 1], "line": {"color": charts.ACCENT}}],
        yaxis=charts.rate_axis("recall"),
    )
    return Chart(
        id="roc",
        title="ROC",
        summary="Higher is better.",
        figure=figure,
        group="slice",
        variants={"codec:h264": [{"y": [0.5, 1], "line.color": charts.FAKE}]},
        missing="This slice has one class only.",
        **others,
    )


def counts(num_fake, num_real):
    """Ten fakes are found above 0.25, eight above 0.5, four above 0.75."""
    return {
        "thresholds": [0.25, 0.5, 0.75],
        "true_positives": [num_fake, 8, 4],
        "false_positives": [num_real, 5, 0],
        "num_fake": num_fake,
        "num_real": num_real,
        "recall": [[0.7, 1.0], [0.5, 0.9], [0.2, 0.7]],
        "specificity": [[0.0, 0.2], [0.6, 0.9], [0.8, 1.0]],
    }


def confusion():
    return {
        "slices": {"overall": counts(10, 20), "codec:h264": counts(16, 10)},
        "start": 0.5,
        "marks": [{"label": "1 % FPR", "threshold": 0.75}],
    }


def names(page):
    return page.locator("tbody tr:visible th").all_inner_texts()


def line_colour(page):
    return page.evaluate("document.querySelector('.js-line')?.style.stroke")


def until_line_is(page, colour):
    """Waits: browsers tell scripts of another medium with the next frame."""
    # A function, not an expression: the page's policy forbids to evaluate texts.
    expected = f"() => document.querySelector('.js-line')?.style.stroke === '{colour}'"
    page.wait_for_function(expected)


def test_a_heading_sorts_by_value_then_backwards_then_as_before(sample, opened):
    page = opened(sample(TABLE, table=slices()))
    videos = page.get_by_role("button", name="Videos")
    videos.click()
    assert names(page) == ["codec:vp9", "codec:h264", "overall"]
    videos.press("Enter")
    assert names(page) == ["overall", "codec:h264", "codec:vp9"]
    assert page.locator("[aria-sort=descending]").inner_text() == "Videos"
    videos.click()
    assert names(page) == ["codec:vp9", "codec:h264", "overall"]
    assert page.locator("[aria-sort]").count() == 0


def test_what_has_no_value_is_last_in_either_order(sample, opened):
    page = opened(sample(TABLE, table=slices()))
    auc = page.get_by_role("button", name="AUC")
    auc.click()
    assert names(page) == ["overall", "codec:vp9", "codec:h264"]
    auc.click()
    assert names(page) == ["codec:vp9", "overall", "codec:h264"]


def test_setting_up_a_table_moves_nothing(sample, opened):
    path = sample(TABLE, table=slices())
    measure = "document.querySelector('tbody').getBoundingClientRect().toJSON()"
    set_up = opened(path).evaluate(measure)
    bare = path.with_name("bare.html")
    bare.write_text(path.read_text().replace("assets/site.js", "assets/none.js"))
    assert opened(bare, tolerates=["ERR_FILE_NOT_FOUND"]).evaluate(measure) == set_up


def test_a_search_shows_the_rows_with_all_its_words_and_counts_them(sample, opened):
    page = opened(sample(TABLE, table=slices()))
    field = page.get_by_label("Search: Slices")
    field.fill("codec")
    assert names(page) == ["codec:vp9", "codec:h264"]
    field.fill("0.900 CODEC")
    assert names(page) == ["codec:vp9"]
    assert page.locator(".finder output").inner_text() == "1 of 3 rows"
    field.fill("")
    assert len(names(page)) == 3


def test_a_selector_switches_charts_and_says_so(sample, opened):
    page = opened(sample(SELECTED, chart=curve(), confusion=confusion()))
    shown = "document.querySelector('.plot').data[0].y"
    assert page.evaluate(shown) == [0.25, 1]
    page.get_by_label("Slice").select_option("codec:h264")
    assert page.evaluate(shown) == [0.5, 1]
    assert line_colour(page) == VERMILLION
    page.get_by_label("Slice").select_option("codec:vp9")
    assert page.get_by_text("This slice has one class only.").is_visible()
    assert not page.locator(".plot").is_visible()
    status = page.locator("[role=status]").inner_text()
    assert status == "Charts show codec:vp9; 1 of 1 have nothing to draw"
    page.get_by_label("Slice").select_option("overall")
    assert page.evaluate(shown) == [0.25, 1]
    assert page.locator(".plot .js-line").is_visible()


def rates(page):
    rows = page.locator(".rates tr").all_inner_texts()
    return {row.split("\t")[0].split(" ")[0]: re.split(r"\t", row, maxsplit=1)[1] for row in rows}


def test_the_slider_counts_the_videos_above_its_threshold(sample, opened):
    page = opened(sample(SELECTED, chart=curve(), confusion=confusion()))
    cells = page.locator(".matrix td strong")
    assert cells.all_inner_texts() == ["8", "2", "5", "15"]
    assert rates(page)["Recall"].startswith("0.800\t[0.500, 0.900]")
    assert rates(page)["Specificity"].startswith("0.750\t[0.600, 0.900]")
    assert rates(page)["Precision"].startswith("0.615")  # 8 of 13
    assert rates(page)["Accuracy"].startswith("0.767")  # 23 of 30
    page.get_by_label("Called fake above").press("ArrowRight")
    assert cells.all_inner_texts() == ["4", "6", "0", "20"]
    false_negatives = page.locator(".rates tr").nth(2).inner_text()
    assert re.match(r"False negative rate .*\t0.600\t\[0.300, 0.800\]", false_negatives)
    page.get_by_label("Called fake above").press("Home")
    assert cells.all_inner_texts() == ["10", "0", "20", "0"]


def test_a_mark_moves_the_slider_and_the_slice_keeps_the_threshold(sample, opened):
    page = opened(sample(SELECTED, chart=curve(), confusion=confusion()))
    page.get_by_role("button", name="1 % FPR (0.750)").click()
    assert page.locator(".slide output").inner_text() == "0.750"
    assert page.locator("[aria-pressed=true]").inner_text() == "1 % FPR (0.750)"
    page.get_by_label("Slice").select_option("codec:h264")
    assert page.locator(".matrix td strong").all_inner_texts() == ["4", "12", "0", "10"]
    page.get_by_label("Slice").select_option("codec:vp9")
    assert not page.locator(".matrix").is_visible()
    assert page.get_by_text("There is nothing to count for this choice.").is_visible()


def test_the_button_changes_the_colours_of_page_and_charts_and_is_remembered(sample, opened):
    page = opened(sample(CHART, chart=curve()))
    assert line_colour(page) == BLUE
    page.locator("#theme").click()
    assert line_colour(page) == SKY_BLUE
    assert page.locator("#theme").get_attribute("aria-label") == "Change to light colours"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_dark_colours_come_with_a_dark_system(sample, opened):
    page = opened(sample(CHART, chart=curve()), dark=True)
    assert line_colour(page) == SKY_BLUE
    page.emulate_media(color_scheme="light")
    until_line_is(page, BLUE)


def test_paper_is_light_and_shows_charts_that_were_never_in_view(sample, opened):
    body = f'<div style="height:4000px"></div>{CHART}'
    page = opened(sample(body, chart=curve(table=slices())), dark=True)
    assert page.locator(".js-line").count() == 0
    page.emulate_media(media="print")
    until_line_is(page, BLUE)
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".main-svg").first.bounding_box()["width"] <= 703  # between A4's margins
    page.emulate_media(media="screen")
    until_line_is(page, SKY_BLUE)
    assert page.locator("details[open]").count() == 0


def test_a_page_can_be_printed(sample, opened):
    page = opened(sample(SELECTED, chart=curve(), confusion=confusion()))
    page.evaluate("window.addEventListener('beforeprint', () => { window.wasPrinted = true; })")
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("window.wasPrinted")


def test_hostile_values_stay_texts_in_tables_and_in_charts(sample, opened):
    figure = charts.figure(
        [{"type": "bar", "x": [HOSTILE], "y": [1], "text": [HOSTILE], "marker": {"color": "@bad"}}]
    )
    chart = Chart(id="bars", title=HOSTILE, summary=HOSTILE, figure=figure)
    table = Table(
        caption=HOSTILE, columns=[Column(title=HOSTILE)], rows=[Row(cells=[Cell(text=HOSTILE)])]
    )
    page = opened(sample(CHART + TABLE.replace("one", "two"), chart=chart, table=table))
    assert page.locator(".bartext").text_content() == HOSTILE
    assert page.locator(".xtick text").text_content().startswith("</script><b")
    assert page.locator("img").count() == 0
    assert page.locator("tbody th").inner_text() == HOSTILE


def test_hostile_names_of_ticks_stay_texts(sample, opened):
    figure = charts.figure(
        [{"type": "bar", "x": [0], "y": [1]}],
        xaxis={"tickvals": [0], "ticktext": ["<b>a</b>"]},
        annotations=[{"text": '<a href="https://example.org">x</a>', "x": 0, "y": 1}],
    )
    chart = Chart(id="bars", title="Ticks", summary="Of names.", figure=figure)
    page = opened(sample(CHART, chart=chart))
    assert page.locator(".xtick text").text_content() == "<b>a</b>"
    assert page.locator(".annotation a").count() == 0


def test_a_script_that_got_into_the_markup_does_not_run(sample, opened):
    path = sample("<p id=one>One</p>")
    inlined = (
        "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
    )
    path.write_text(path.read_text().replace("<p id=one>", f"{inlined}<p id=one>"))
    page = opened(path, tolerates=["Content Security Policy", "ERR_FILE_NOT_FOUND"])
    page.wait_for_load_state("load")
    assert page.title() == "Sample"


def test_a_removed_crop_leaves_a_calm_tile(sample, opened):
    images = [{"src": "frames/gone.jpg", "alt": "Frame of v1", "caption": "0.2 s"}]
    page = opened(
        sample("{{ parts.crops(images) }}", images=images), tolerates=["ERR_FILE_NOT_FOUND"]
    )
    page.get_by_role("img", name="Frame of v1 (removed)").wait_for()
    assert page.locator(".crops img").count() == 0
    assert page.locator(".crops li").inner_text().split() == ["removed", "0.2", "s"]


def test_a_command_is_copied_or_selected(sample, opened):
    page = opened(sample("{{ parts.command('deepfake runs') }}"))
    page.get_by_role("button", name="Copy").click()
    said = page.get_by_role("button", name=re.compile("Copied|Press"))
    said.wait_for()
    if said.inner_text() == "Press Ctrl+C":
        assert page.evaluate("String(window.getSelection())") == "deepfake runs"


def test_a_point_with_an_address_leads_there(sample, opened):
    target = sample("<p>There</p>")
    trace = {"type": "scatter", "mode": "markers", "x": [1], "y": [1], "marker": {"size": 40}}
    figure = charts.figure([{**trace, "meta": {"href": [target.name]}}])
    page = opened(sample(CHART, chart=Chart(id="c", title="C", summary="C.", figure=figure)))
    box = page.locator(".point").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"**/{target.name}")
    assert "There" in page.locator("main").inner_text()


def everything():
    images = [
        {"src": "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "alt": "Frame", "caption": "0 s"}
    ]
    body = (
        '<dl class="tiles">{{ parts.tile("AUC", "0.9", "of 30 videos", "good") }}'
        '{{ parts.tile("Gate", "no", tone="bad") }}{{ parts.tile("ECE", "0.1", tone="warn") }}</dl>'
        f"{SELECTED}{TABLE.replace('one', 'three')}"
        "{{ parts.badge('passed', 'good') }}{{ parts.badge('waiting') }}"
        "{{ parts.command('deepfake dashboard --serve --output a/rather/long/folder/of/runs') }}"
        "{{ parts.crops(images) }}"
    )
    return body, {
        "images": images,
        "table": slices(),
        "chart": curve(table=slices()),
        "confusion": confusion(),
    }


def test_a_phone_scrolls_nothing_sideways_but_tables(sample, opened):
    body, values = everything()
    page = opened(sample(body, **values), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_use_a_page(sample, opened, axe, dark):
    body, values = everything()
    frame = {"notice": "Figures from synthetic videos.", "subtitle": "demo"}
    assert axe(opened(sample(body, **values, frame=frame), dark=dark)) == []


def test_a_standalone_page_works_in_a_sandbox_without_storage(sample, opened, tmp_path):
    body, values = everything()
    text = sample.text(body, **values, frame={"is_standalone": True})
    outside = tmp_path / "outside.html"
    escaped = text.replace("&", "&amp;").replace('"', "&quot;")
    frame = (
        f'<iframe sandbox="allow-scripts" width="1200" height="3000" srcdoc="{escaped}"></iframe>'
    )
    outside.write_text(f"<!doctype html>{frame}", encoding="utf-8")
    inside = opened(outside).frame_locator("iframe")
    inside.locator(".js-line").wait_for()
    inside.locator("#theme").click()
    assert inside.locator("html").get_attribute("data-theme") == "dark"
    inside.get_by_role("button", name="Videos").click()
    assert inside.locator("[aria-sort=ascending]").inner_text() == "Videos"
    inside.get_by_role("button", name="Copy").click()
    inside.get_by_role("button", name=re.compile("Copied|Press")).wait_for()
