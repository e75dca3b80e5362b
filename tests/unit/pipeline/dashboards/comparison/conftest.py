"""Facts of runs whose figures are chosen by hand, and an output folder with records of three."""

import lineage_store
import pytest

from pipeline.dashboards import sources
from pipeline.lineage.comparison import RunFacts
from pipeline.lineage.store import Store
from pipeline.metadata import connection
from pipeline.runs.folders import RunFolder
from schemas.run_report import Estimate
from schemas.video_record import VideoRecord


@pytest.fixture
def video():
    """`video("v1", split="train")`: one of dataset `made`."""

    def video(name, *, is_fake=True, split="test", digest="d"):
        values = {"video_id": name, "path": f"{name}.mp4", "is_fake": is_fake, "dataset": "made"}
        return VideoRecord(**values, split=split, digest=digest)

    return video


@pytest.fixture
def facts():
    """`facts("r1", {("overall", "video_auc"): (0.9, 0.8, 1.0)})`: the facts of one run."""

    def facts(name, metrics=(), videos=(), **others):
        empty = {"configuration": {}, "parameters": {}, "code": {}, "packages": {}, "missing": ()}
        return RunFacts(
            name=name,
            videos={record.key: record for record in videos},
            metrics={
                key: Estimate(value=value, lower=lower, upper=upper)
                for key, (value, lower, upper) in dict(metrics).items()
            },
            **(empty | others),
        )

    return facts


@pytest.fixture
def recorded(make_run, auc):
    """Sources of three runs with records: 0 and 1 on the same videos, 2 on others and refused."""
    lineage_store.make_store(make_run.output, runs=3)
    figures = ((0.95, 0.9, 1.0, "1000"), (0.95, 0.9, 1.0, "1001"), (0.5, 0.4, 0.6, ""))
    runs = []
    for number, (*estimate, version) in enumerate(figures):
        both = auc(**{"overall": tuple(estimate), "made_slice:<b>": tuple(estimate)})
        passed = bool(version)
        gate = {"metric": "video_auc", "slice_name": "overall", "value": estimate[0], "bound": 0.8}
        reason = f"video_auc {estimate[0]} {'>=' if passed else '<'} 0.8 on overall"
        both["evaluation"]["gates"] = [
            {**gate, "baseline": None, "passed": passed, "reason": reason}
        ]
        runs.append(make_run(lineage_store.run_name(number), both, version=version))
    store = Store(connection.of_file(make_run.output / connection.SQLITE_FILE))
    return [sources.of_run(RunFolder(run.path), store) for run in runs]
