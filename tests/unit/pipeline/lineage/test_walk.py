"""Walks: one producer each, baselines as leaves, cached executions followed downwards."""

from pipeline.lineage import names, walk


def test_ancestors_of_a_push_reach_the_manifest(store):
    graph = walk.ancestors(store, [store.artifacts_by_type("PushedModel")[0].id])
    assert [execution.node for execution in graph.executions.values()].count("Trainer") == 1
    assert len(graph.of_type("VideoManifest")) == 1
    assert not graph.of_type("ExampleStatistics"), "statistics did not make the model"


def test_the_producer_is_the_execution_that_ran_and_not_the_cached_one(store, made):
    model = names.model(store, "1001")  # its data came from the cache
    graph = walk.ancestors(store, [model.id])
    runs = {execution.node: execution.run for execution in graph.executions.values()}
    assert runs["Trainer"] == made.run_name(1)
    assert runs["VideoValidator"] == runs["Transform"] == made.run_name(0)
    assert {execution.state for execution in graph.executions.values()} == {"COMPLETE"}


def test_a_baseline_is_shown_but_not_walked_into(store):
    pushed = store.artifacts_by_type("PushedModel")[3]
    graph = walk.ancestors(store, [pushed.id])
    candidate, baseline = names.model(store, "1003"), names.model(store, "1001")
    assert [model.id for model in graph.of_type("Model")] == [baseline.id, candidate.id]
    assert graph.producer(baseline.id) is None
    assert len(graph.of_type("VideoManifest")) == 1, "the baseline had another manifest"


def test_what_was_made_from_a_manifest_are_the_models_of_all_its_runs(store):
    manifest = store.artifacts_by_type("VideoManifest")[0]
    made = {artifact.id: artifact for _, artifact in walk.made_from(store, [manifest.id])}
    models = {names.model(store, version).id for version in ("1000", "1001")}
    assert {key for key, artifact in made.items() if artifact.type == "Model"} == models
    assert [artifact.type for artifact in made.values()].count("PushedModel") == 2


def test_a_comparison_with_a_baseline_is_no_descent(store):
    made = walk.made_from(store, [names.model(store, "1000").id])
    assert [a.properties["pushed_version"] for _, a in made if a.type == "PushedModel"] == ["1000"]


def test_inputs_and_outputs_go_by_channel(store):
    model = names.model(store, "1000")
    graph = walk.with_outputs(store, walk.ancestors(store, [model.id]))
    trainer = graph.producer(model.id)
    assert trainer is not None
    assert [a.type for a in graph.inputs(trainer.id, "transform_graph")] == ["TransformGraph"]
    assert [a.type for a in graph.outputs(trainer.id)] == ["Model", "ModelRun"]
    assert graph.outputs(trainer.id, "model") == (model,)
    assert len(graph.inputs(trainer.id, "examples")) == 1


def test_producers_are_asked_for_in_bulk(store, made):
    models = [model.id for model in store.artifacts_by_type("Model")]
    found = walk.producers(store, models)
    assert [found[model].run for model in models] == [made.run_name(n) for n in range(4)]
