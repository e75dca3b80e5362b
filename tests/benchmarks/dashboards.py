"""How long pages take to load and to make, at the sizes that they have to bear.

Loading is measured in a real browser, from disk, until every chart in view is drawn; the reference
is a page that loads the same Plotly and draws one small chart. The evaluation is written by the
maker of the unit tests, as TFMA writes it.
"""

import contextlib
import importlib.util
import pathlib
import pickle
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from measuring import CPU, WALL, Outcome, Way, compare
from playwright import sync_api

from pipeline.dashboards import rendering, site
from pipeline.dashboards.pages import EVALUATION
from pipeline.dashboards.sources import RunSources

_TESTS: Final = pathlib.Path(__file__).parents[1] / "unit" / "pipeline" / "dashboards"
_SLICES: Final = 200
_RUNS: Final = 50
_VIDEOS: Final = 40  # of each class and slice
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_BROWSERS: Final = ("chromium", "google-chrome")

_ONE_CHART: Final = """<!doctype html><title>One chart</title>
<script src="assets/plotly.min.js"></script>
<figure class="chart"><div id="plot"></div></figure>
<script>
Plotly.newPlot("plot", [{ y: [1, 3, 2] }], { width: 300, height: 200 })
  .then(() => { document.querySelector("figure").dataset.drawn = ""; });
</script>
"""
_DRAWN: Final = """() => {
  const charts = [...document.querySelectorAll("figure.chart")];
  const shown = charts.filter((chart) => {
    const { top, bottom, height } = chart.getBoundingClientRect();
    return height > 0 && bottom >= 0 && top <= window.innerHeight;
  });
  return document.readyState === "complete" && shown.every((chart) => "drawn" in chart.dataset);
}"""
_MAKE: Final = (
    "import pickle, sys; from pipeline.dashboards import pages, site;"
    "sources = pickle.load(open(sys.argv[1], 'rb'));"
    "print(site.write_page(pages.EVALUATION, sources, site.stamp_of_run(sources)))"
)
_TFMA: Final = "import tensorflow_model_analysis"


def run(folder: pathlib.Path) -> Outcome:
    """Measures the evaluation page of many slices, the index of many runs, and making pages."""
    evaluation = _evaluated(folder / "one")
    index = _many_runs(folder / "many")
    page = site.write_page(EVALUATION, evaluation, site.stamp_of_run(evaluation))
    small = evaluation.site.path / "one-chart.html"
    small.write_text(_ONE_CHART, encoding="utf-8")
    with _browser() as load:
        reference = Way("a page with one chart", lambda: load(small))
        figures = [
            compare(name, Way(text, way), reference, agree=agree, clock=WALL)
            for name, text, way, agree in (
                ("load_evaluation", "the evaluation page", lambda: load(page), _has_slices),
                ("load_index", "the page of all runs", lambda: load(index), _has_runs),
            )
        ]
    kept = folder / "sources.pickle"
    kept.write_bytes(pickle.dumps(evaluation))
    make = Way("make the evaluation page", lambda: _output(_MAKE, str(kept)))
    tfma = Way("import TFMA", lambda: _output(_TFMA))
    figures.append(
        compare(
            "make_to_tfma",
            make,
            tfma,
            agree=lambda made, _: made.strip() == str(page),
            clock=CPU,
            pairs=3,  # each process takes seconds
        )
    )
    sizes = {
        "slices": _SLICES,
        "runs": _RUNS,
        "evaluation_page_kilobytes": page.stat().st_size // 1000,
        "index_kilobytes": index.stat().st_size // 1000,
        "plotly_kilobytes": len(rendering.asset_texts()[rendering.PLOTLY].encode()) // 1000,
    }
    return Outcome(sizes, figures)


@contextlib.contextmanager
def _browser() -> Iterator[Callable[[pathlib.Path], int]]:
    """Yields what loads a page and says how many rows its tables have."""
    found = next(filter(None, map(shutil.which, _BROWSERS)))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)

        def load(path: pathlib.Path) -> int:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_function(_DRAWN)
            rows = page.locator("tbody tr").count()
            page.close()
            return rows

        yield load
        browser.close()


def _evaluated(folder: pathlib.Path) -> RunSources:
    """A run with an evaluation of `_SLICES` slices beside the overall one."""
    runs, makers = _loaded("conftest"), _loaded("evaluation/conftest")
    drawn = np.random.default_rng(0)
    slices = {
        (("manipulation_method", f"method{number:03}"),): makers.videos(
            drawn.beta(4, 2, _VIDEOS).tolist(), drawn.beta(2, 4, _VIDEOS).tolist(), f"m{number}"
        )
        for number in range(_SLICES)
    }
    everything = {key: score for videos in slices.values() for key, score in videos.items()}
    made = makers.Evaluations(folder=folder, make_run=runs.RunMaker(folder / "runs"))
    evaluation: RunSources = made({(): everything, **slices})
    return evaluation


def _many_runs(folder: pathlib.Path) -> pathlib.Path:
    """The index of `_RUNS` runs, every third of which was refused."""
    makers = _loaded("conftest")
    make = makers.RunMaker(folder)
    slices = {f"method{number:03}": (0.9, 0.8, 0.95) for number in range(_SLICES)}
    for number in range(_RUNS):
        found = makers.evaluated(overall=(0.7 + number / 200, 0.6, 1.0), **slices)
        make(f"run-{number:03}", found, version=str(1000 + number) if number % 3 else "")
    return site.write_index(folder, None)


def _loaded(name: str) -> types.ModuleType:
    """A module of the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(
        f"made_{name.replace('/', '_')}", _TESTS / f"{name}.py"
    )
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no {name}.py in {_TESTS}", name=name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _output(script: str, *arguments: str) -> str:
    command = (sys.executable, "-c", script, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _has_slices(rows: int, _: Any) -> bool:
    return rows >= _SLICES


def _has_runs(rows: int, _: Any) -> bool:
    return rows >= _RUNS
