"""What a question of lineage costs in a store of 100 and of 1,000 runs, against one of 10.

The question is the same and so is the answer: what more it costs is the price of history. Each
call opens the store anew, as a command does.
"""

import pathlib
from collections.abc import Callable
from typing import Final, TypeVar

import lineage_store
from measuring import Figure, Outcome, Way, compare

from pipeline.lineage import graph, membership, page, show
from pipeline.lineage.store import Store
from pipeline.metadata import connection

FEW: Final = 10
MORE: Final = (100, 1000)
ARTIFACTS_PER_RUN: Final = 100
NUM_VIDEOS: Final = 24  # of a manifest; every second run has another

_VERSION: Final = "1000"  # of the first run, which all the stores have
_VIDEO: Final = "made/swap/v1"  # the first of all has no example
_T = TypeVar("_T")


def run(folder: pathlib.Path) -> Outcome:
    """Measures `show`, `trains-on` and `graph` without what prints their answers."""
    files = {
        runs: lineage_store.make_store(
            folder / str(runs), runs=runs, videos=NUM_VIDEOS, artifacts_per_run=ARTIFACTS_PER_RUN
        )
        for runs in (FEW, *MORE)
    }
    sizes = {
        "artifacts_per_run": ARTIFACTS_PER_RUN,
        "videos_per_manifest": NUM_VIDEOS,
        "runs": max(files),
    }
    return Outcome(
        sizes,
        [
            *_figures("show", files, _steps),
            *_figures("trains_on", files, _sightings),
            *_figures("graph", files, _drawn),
        ],
    )


def _figures(name: str, files: dict[int, pathlib.Path], ask: Callable[[Store], _T]) -> list[Figure]:
    def way(runs: int) -> Way[_T]:
        return Way(f"{runs} runs", lambda: ask(Store(connection.of_file(files[runs]))))

    return [
        compare(f"{name}_{runs}", way(runs), way(FEW), agree=_are_equal, pairs=5) for runs in MORE
    ]


def _steps(store: Store) -> list[str]:
    return [step.node for step in show.show(store, _VERSION).steps]


def _sightings(store: Store) -> int:
    return len(membership.trains_on(store, _VIDEO).models)


def _drawn(store: Store) -> int:
    diagram = graph.graph_of(store, _VERSION)
    page.render(diagram)
    return len(diagram.nodes)


def _are_equal(answer: _T, expected: _T) -> bool:
    return bool(expected) and answer == expected
