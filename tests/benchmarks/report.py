"""Figures as a table for people and as JSON for the repository, with what they depend on."""

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
from collections.abc import Mapping
from typing import Any, Final

from measuring import Figure, Outcome, Spread
from rich import box
from rich.console import Console
from rich.table import Column, Table

PACKAGES: Final = (
    *("deepfake-detection-pipeline", "ai-edge-litert", "av", "keras", "numpy"),
    *("opencv-python-headless", "scikit-learn", "tensorflow", "tfx"),
)


def show(outcomes: Mapping[str, Outcome]) -> None:
    """Prints two lines per figure, in colour if they show no difference."""
    table = Table(
        Column("figure", no_wrap=True),
        "candidate\nreference",
        "clock\npairs",
        Column("cost\nmin .. max", no_wrap=True),
        Column("control\nmin .. max", no_wrap=True),
        box=box.SIMPLE_HEAD,
        caption="cost: candidate over reference, median of the pairs; "
        "control: reference over itself; yellow: the two overlap; red: void, control is off",
    )
    for name, outcome in outcomes.items():
        for figure in outcome.figures:
            table.add_row(
                f"{name}\n{figure.name}",
                f"{figure.candidate}\n{figure.reference}",
                f"{figure.clock}\n{figure.pairs}",
                _lines(figure.cost),
                _lines(figure.control),
                style=_style(figure),
            )
    Console().print(table)


def to_json(outcomes: Mapping[str, Outcome]) -> str:
    """All figures and sizes, with the environment they were measured in."""
    benchmarks = {
        name: {
            "sizes": outcome.sizes,
            "figures": {figure.name: _plain(figure) for figure in outcome.figures},
        }
        for name, outcome in outcomes.items()
    }
    content = {"environment": _environment(), "benchmarks": benchmarks}
    return json.dumps(content, indent=1) + "\n"


def _environment() -> dict[str, Any]:
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cpu_count": os.cpu_count(),
        "load_average_15_minutes": round(os.getloadavg()[2], 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _processor() -> str:
    """As Linux names it; empty if it does not."""
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else ""


def _plain(figure: Figure) -> dict[str, Any]:
    content = dataclasses.asdict(figure)
    del content["name"]
    for ratio in ("cost", "control"):
        content[ratio] = {key: float(f"{value:.4g}") for key, value in content[ratio].items()}
    return content | {"within_noise": figure.is_within_noise, "void": figure.is_void}


def _style(figure: Figure) -> str:
    if figure.is_void:
        return "red"
    return "yellow" if figure.is_within_noise else ""


def _lines(spread: Spread) -> str:
    return f"{spread.median:.3g}\n{spread.min:.3g} .. {spread.max:.3g}"
