"""A configuration whose store is a fresh database of the real server."""

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline.config import load
from pipeline.metadata import connection, readiness


@pytest.fixture
def database(mariadb_account):
    """Name of an empty database that the account may do anything on."""
    return mariadb_account.create_database()


@pytest.fixture
def config(mariadb_account, database):
    return load.with_overrides(load.load("local"), mariadb_account.settings(database))


@pytest.fixture
def account_with(mariadb, monkeypatch):
    """Makes an account with the given rights on a database, and logs the test in with it."""
    made = []

    def account_with(privileges, database, identified="BY 'a-password'"):
        name = f"account_{len(made)}"
        made.append(name)
        mariadb.root(f"CREATE USER '{name}'@'%' IDENTIFIED {identified}")
        if privileges:
            mariadb.root(f"GRANT {privileges} ON `{database}`.* TO '{name}'@'%'")
        monkeypatch.setenv("DEEPFAKE_METADATA_USERNAME", name)
        monkeypatch.setenv("DEEPFAKE_METADATA_PASSWORD", "a-password")
        return name

    yield account_with
    for name in made:
        mariadb.root(f"DROP USER '{name}'@'%'")


class History:
    """Records in a store what TFX would: a run with a Trainer and an Evaluator."""

    def __init__(self, link):
        self.store = metadata_store.MetadataStore(link)

    def run(self, name, folder, state=pb.Execution.COMPLETE, note="gut geprüft"):
        """A model, and a blessing that names it by id; returns both artifacts' ids."""
        contexts = [
            self._context("pipeline", "deepfake"),
            self._context("pipeline_run", name),
        ]
        self.store.put_parent_contexts(
            [pb.ParentContext(child_id=contexts[1].id, parent_id=contexts[0].id)]
        )
        model = self._artifact("Model", f"{folder}/Trainer/model")
        [model.id] = self._publish("Trainer", {}, {"model": model}, contexts, state)
        blessing = self._artifact("ModelBlessing", f"{folder}/Evaluator/blessing")
        blessing.custom_properties["current_model_id"].int_value = model.id
        blessing.custom_properties["current_model"].string_value = model.uri
        blessing.custom_properties["note"].string_value = note
        inputs, outputs = {"model": model}, {"blessing": blessing}
        [blessing.id] = self._publish("Evaluator", inputs, outputs, contexts, state)
        return model.id, blessing.id

    def _context(self, kind, name):
        type_id = self.store.put_context_type(pb.ContextType(name=kind))
        context = self.store.get_context_by_type_and_name(kind, name)
        if context is None:
            context = pb.Context(type_id=type_id, name=name)
            [context.id] = self.store.put_contexts([context])
        return context

    def _artifact(self, kind, uri):
        properties = {"span": pb.INT, "score": pb.DOUBLE}
        type_id = self.store.put_artifact_type(pb.ArtifactType(name=kind, properties=properties))
        number = len(self.store.get_executions()) + 1
        artifact = pb.Artifact(type_id=type_id, uri=f"{uri}/{number}", state=pb.Artifact.LIVE)
        artifact.properties["span"].int_value = 7
        artifact.properties["score"].double_value = 0.625
        return artifact

    def _publish(self, kind, inputs, outputs, contexts, state):
        type_id = self.store.put_execution_type(pb.ExecutionType(name=kind))
        name = f"{kind}-{contexts[1].name}"
        execution = pb.Execution(type_id=type_id, name=name, last_known_state=state)
        execution.custom_properties["epochs"].int_value = 3
        pairs = [
            (artifact, self._event(event, key))
            for artifacts, event in ((inputs, pb.Event.INPUT), (outputs, pb.Event.OUTPUT))
            for key, artifact in artifacts.items()
        ]
        _, artifact_ids, _ = self.store.put_execution(execution, pairs, contexts)
        return artifact_ids[len(inputs) :]

    def _event(self, kind, key):
        event = pb.Event(type=kind)
        event.path.steps.add().key = key
        event.path.steps.add().index = 0
        return event


@pytest.fixture
def source(tmp_path):
    """A developer's SQLite file, and its history."""
    path = tmp_path / "developer" / "metadata.db"
    path.parent.mkdir()
    return path, History(connection.of_file(path))


@pytest.fixture
def team(config):
    """The history of the configured store on the server."""
    readiness.ensure_ready(config)
    return History(connection.connection(config))
