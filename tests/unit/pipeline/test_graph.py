"""Wiring of the graph that no run of a single node would show."""

from pipeline import graph
from pipeline.config import load


def test_the_validator_reads_the_list_of_erased_keys_of_its_output_folder(tmp_path):
    values = {"output": str(tmp_path), "data.manifest": str(tmp_path / "videos.csv")}
    made = graph.create_pipeline(load.with_overrides(load.load("local"), values))
    [validator] = [node for node in made.components if node.id == "VideoValidator"]
    assert validator.exec_properties["erased_list"] == f"{tmp_path}/erased.jsonl"
