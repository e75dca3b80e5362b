"""The code fingerprint in a node's cache key covers whatever the node runs, by the import graph."""

import json
from collections.abc import Iterable

import grimp
import pytest

from components import fingerprint
from components.serving_validator import server
from pipeline import graph
from pipeline.config.sections import DataConfig
from pipeline.config.tree import PipelineConfig
from schemas import names

PACKAGES = ("schemas", "components", "pipeline", "serving")
# TFX's own code does their work; the resolver is never cached.
WITHOUT = {names.STATISTICS_GEN, names.EXAMPLE_VALIDATOR, names.LATEST_BLESSED_MODEL}
# Its work is a file of `schemas`.
WITHOUT_MODULES = {names.IMPORT_SCHEMA_GEN}
# Computes the digests: what it does is in all of them.
EXEMPT = {"components.fingerprint"}


@pytest.fixture(scope="module")
def imports():
    return grimp.build_graph(*PACKAGES, cache_dir=None)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """The nodes of the graph by id, each with the modules and packages that its digest is of."""
    of_digest = {}
    digest_of = fingerprint.of

    def spy(*listed):
        digest = digest_of(*listed)
        of_digest[digest] = frozenset(listed)
        return digest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "of", spy)
        folder = tmp_path_factory.mktemp("graph")
        config = PipelineConfig(
            output=str(folder), data=DataConfig(manifest=str(folder / "videos.csv"))
        )
        made = graph.create_pipeline(config).components
    found = {}
    for node in made:
        properties = json.dumps(node.exec_properties, default=str)
        found[node.id] = node, [of for digest, of in of_digest.items() if digest in properties]
    return found


def entry_points(node) -> set[str]:
    """Modules of ours in which the work of a node begins."""
    classes = (getattr(node.executor_spec, "executor_class", None), node.driver_class)
    found = {cls.__module__ for cls in classes if cls is not None}
    for name in ("run_fn", "preprocessing_fn"):
        if name in node.exec_properties:
            found.add(node.exec_properties[name].rpartition(".")[0])
    if "eval_config" in node.exec_properties:
        config = json.loads(node.exec_properties["eval_config"])
        metrics = (metric for specs in config["metrics_specs"] for metric in specs["metrics"])
        found |= {metric["module"] for metric in metrics if "module" in metric}
    if node.id == names.SERVING_VALIDATOR:
        found.add(f"{server.SERVER_MODULE}.__main__")  # a child process
    if node.id == names.FRAME_EXTRACTOR:
        found.add("components.video.worker")  # a child process
    return {module for module in found if module.partition(".")[0] in PACKAGES}


def not_covered(imports, modules: Iterable[str], listed: Iterable[str]) -> set[str]:
    """What `modules` run, and no module or package among `listed` holds."""
    run = set(modules).union(*map(imports.find_upstream_modules, modules))
    return {
        module
        for module in run - EXEMPT
        if not any(f"{module}.".startswith(f"{name}.") for name in listed)
    }


def test_every_node_with_code_of_ours_has_a_fingerprint(nodes):
    assert {name for name, (_, listed) in nodes.items() if not listed} == WITHOUT
    assert all(len(set(listed)) == 1 for name, (_, listed) in nodes.items() if name not in WITHOUT)


@pytest.mark.parametrize("name", sorted({*names.NODES} - WITHOUT - WITHOUT_MODULES))
def test_it_covers_all_that_the_node_runs(imports, nodes, name):
    node, (listed,) = nodes[name]
    modules = entry_points(node)
    assert modules
    assert not not_covered(imports, modules, listed)


@pytest.mark.parametrize("name", sorted({*names.NODES} - WITHOUT - WITHOUT_MODULES))
def test_a_missing_module_or_package_would_be_found(imports, nodes, name):
    """And none is listed of which the node runs nothing."""
    node, (listed,) = nodes[name]
    for left_out in listed:
        missing = not_covered(imports, entry_points(node), listed - {left_out})
        assert missing
        assert all(f"{module}.".startswith(f"{left_out}.") for module in missing)
