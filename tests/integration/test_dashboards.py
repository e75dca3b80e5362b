"""The pages of real runs in a real browser without a network, and the pictures of the guides.

`DEEPFAKE_PICTURES=docs/images` makes the pictures there; otherwise they are thrown away.
"""

import os
import pathlib
import re

import nbclient
import nbformat
import pytest
from PIL import Image

from pipeline.config import load
from pipeline.dashboards.pages import ERRORS, EVALUATION, LINEAGE, PAGES, RUN, TRAINING
from pipeline.lineage import store
from pipeline.runs.folders import DashboardFolder

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "dashboards.md"
PICTURES = [
    name
    for guide in (GUIDE, GUIDE.with_name("lineage.md"))
    for name in re.findall(r"\(images/([a-z-]+\.png)\)", guide.read_text(encoding="utf-8"))
]
MAX_COLOURS = 128  # of a picture: flat areas and a few faces

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(refused, stopped, workplace):
    """As the runs themselves left it."""
    return DashboardFolder.below(workplace.output)


@pytest.fixture
def page(site, opened):
    """Opens a page of a run."""

    def open_page(run, kind, **window):
        return opened(site.run(run.folder.name) / f"{kind.name}.html", **window)

    return open_page


@pytest.mark.parametrize("kind", PAGES, ids=lambda kind: kind.name)
def test_a_run_leaves_pages_that_open_from_disk(page, settled, axe, kind):
    shown = page(settled, kind)
    assert settled.folder.name in shown.title()
    assert shown.locator("main h2").count() > 1
    assert axe(shown) == []


def test_the_evaluation_page_says_what_the_report_says(page, settled):
    overall = settled.summary["metrics"]["overall"]["metrics"]["video_auc"]
    tiles = page(settled, EVALUATION).locator("dl.tiles").first.inner_text()
    assert f"{overall['value']:.3f}" in tiles
    assert f"[{overall['lower']:.3f}, {overall['upper']:.3f}]" in tiles


def test_a_node_that_came_from_the_cache_has_its_page_all_the_same(page, settled):
    assert settled.states["Trainer"] == "cached"
    assert page(settled, TRAINING).locator("figure.chart[data-drawn]").count() > 0


def test_pages_that_a_stopped_run_cannot_have_say_why(page, stopped):
    assert "DataGate" in page(stopped, EVALUATION).locator("main").inner_text()


def test_a_refusal_is_told_in_words(page, refused):
    told = page(refused, RUN).locator("main section").first.inner_text()
    assert "NOTHING WAS PUSHED" in told.upper()


def test_ml_metadata_leads_to_the_pages(site, settled, workplace):
    config = load.with_overrides(load.load(workplace.config), {"output": str(workplace.output)})
    executions = store.opened(config).executions_of(settled.folder.name)
    links = {e.node: e.properties.get("dashboard") for e in executions}
    for node, kind in {"Trainer": TRAINING, "Evaluator": EVALUATION, "Pusher": LINEAGE}.items():
        assert links[node] == str(site.run(settled.folder.name) / f"{kind.name}.html")
        assert pathlib.Path(links[node]).is_file()


def test_the_command_finds_them_up_to_date_and_compares_any_two(
    site, deepfake, workplace, first, refused, stopped, opened
):
    arguments = ("--output", str(workplace.output), "--config", str(workplace.config))
    made = {p: p.stat().st_mtime_ns for p in site.run(stopped.folder.name).glob("*.html")}
    done = deepfake("dashboard", *arguments)
    assert done.returncode == 0, done.stdout
    assert f"{stopped.folder.name}  up to date" in done.stdout
    assert made == {path: path.stat().st_mtime_ns for path in made}
    names = (first.folder.name, refused.folder.name)
    done = deepfake("dashboard", "--compare", *names, *arguments)
    assert done.returncode == 0, done.stdout
    assert "worse" in opened(site.comparison(*names)).locator("main").inner_text()


def test_the_notebook_of_the_guide_shows_the_widgets_of_tfma(site, workplace, settled, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(workplace.output)
    cells = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    # The latest run of the tests was stopped before it had an evaluation.
    cells = [cell.replace('"latest"', repr(settled.folder.name)) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    models = {one["model_name"]: one["state"] for one in widgets.values()}
    slices = [entry["slice"] for entry in models["SlicingMetricsModel"]["data"]]
    assert any(name.startswith("manipulation_method:") for name in slices)
    assert models["PlotModel"]["data"]


# What is pictured: a page of a run and what to scroll to, or the comparison of two runs.
SHOTS = {
    "dashboard-evaluation.png": (EVALUATION, "label.selector:has-text('Slice of all')"),
    "dashboard-errors.png": (ERRORS, "header"),
    "dashboard-refusal.png": (RUN, "header"),
    "dashboard-comparison.png": None,
    "lineage.png": (LINEAGE, "#graph"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_guides_can_be_made(
    name, site, opened, settled, refused, demo, place, tmp_path
):
    into = ROOT / os.environ["DEEPFAKE_PICTURES"] if "DEEPFAKE_PICTURES" in os.environ else tmp_path
    if SHOTS[name] is None:
        path = site.comparison(settled.folder.name, refused.folder.name)
        shown = opened(path, width=1180)
    else:
        kind, what = SHOTS[name]
        [of_demo] = (place / "runs" / "demo" / "dashboard" / "runs").iterdir()
        folder = site.run(refused.folder.name) if kind is RUN else of_demo
        shown = opened(folder / f"{kind.name}.html", width=1180)
        opened.scroll(shown, what)
        if kind is LINEAGE:
            shown.frame_locator("iframe.graph").locator(".node").first.wait_for()
    raw = tmp_path / f"raw-{name}"
    shown.screenshot(path=raw)
    picture = Image.open(raw).convert("RGB").quantize(MAX_COLOURS)
    picture.save(into / name, optimize=True)
    assert picture.size == (1180, 900)
    assert len(picture.getcolors()) > 8, "an empty page"
    assert (GUIDE.parent / "images" / name).is_file(), "make the pictures of the guide again"
