"""Runs the benchmarks: `python tests/benchmarks/run.py [NAME ...]`.

Prints a table; a run of all of them also rewrites `results.json`, so that its figures always
come from one machine and one run.
"""

import importlib
import pathlib
import sys
import tempfile
from collections.abc import Sequence
from typing import Final

import click
import measuring
import report

# What starts fresh processes goes first, TensorFlow, which stays in this process, last.
NAMES: Final = (
    "startup",
    "steps",
    "lineage",
    "intervals",
    "extraction",
    "extraction_pool",
    "dashboards",
    "signatures",
)
RESULTS: Final = pathlib.Path(__file__).with_name("results.json")
HARNESS: Final = pathlib.Path(__file__).parents[1] / "harness"  # shared with the tests


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME ...]")
def main(names: Sequence[str]) -> None:
    """Runs the benchmarks called NAME, or all."""
    sys.path.append(str(HARNESS))
    outcomes: dict[str, measuring.Outcome] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or NAMES:
            click.echo(f"{name} ...", err=True)
            folder = pathlib.Path(scratch, name)
            folder.mkdir(exist_ok=True)
            outcomes[name] = importlib.import_module(name).run(folder)
    report.show(outcomes)
    if set(outcomes) == set(NAMES):
        RESULTS.write_text(report.to_json(outcomes), encoding="utf-8")
        click.echo(f"written: {RESULTS.name}")
    else:
        click.echo(f"{RESULTS.name} is as it was: only a run of all benchmarks writes it")


if __name__ == "__main__":
    main()
