"""A small Kubeflow Pipelines API over HTTP, with the state and the rules that our calls meet.

Requests are checked by `kfp_routes` against kfp's own client; what does not fit is answered 400
and kept in `violations`, which the fixture asserts to be empty. Answers are made of kfp's models.
The rules (names are unique, filters and page tokens, namespaces, messages) follow the Go sources
of the API server.
"""

import base64
import contextlib
import datetime
import http.server
import json
import threading
import urllib.parse
import uuid

import kfp_routes
import kfp_server_api as api
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

NOT_YET = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
START = datetime.datetime(2026, 11, 22, 14, 30, tzinfo=datetime.timezone.utc)
_GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 500: 13}
_FILTER_KEYS = {
    api.V2beta1Experiment: {"name", "display_name", "created_at", "namespace"},
    api.V2beta1PipelineVersion: {"name", "display_name", "created_at"},
    api.V2beta1Run: {"run_id", "display_name", "created_at", "pipeline_id", "pipeline_version_id"},
    api.V2beta1RecurringRun: {"display_name", "created_at", "pipeline_id"},
}
_TYPES = {
    "STRING": str,
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
}


class Refusal(Exception):  # noqa: N818 - an answer
    """An answer other than success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class KfpServer:
    """State, rules, and switches for what a test wants to go wrong.

    Attributes:
      before: Operation to a function that is called, once, before it is served.
      answers: Operation to raw answers (status, headers, body) given before it is served.
    """

    def __init__(self, routes):
        self.routes = routes
        self.multi_user = False
        self.tokens = None  # accepted ones; None = anyone may call
        self.cookies = None
        self.before = {}
        self.answers = {}
        self.calls = []  # (operation, headers)
        self.violations = []
        self.experiments, self.pipelines, self.versions = [], [], []
        self.runs, self.schedules = [], []
        self._clock = START
        self._lock = threading.Lock()

    # What tests ask.

    @property
    def operations(self):
        return [name for name, _ in self.calls]

    def run(self, run_id):
        return _one(self.runs, "run_id", run_id, "Run")

    def now(self):
        """One second later than the last time it was asked."""
        self._clock += datetime.timedelta(seconds=1)
        return self._clock

    # The HTTP side.

    def serve(self, method, target, headers, data):
        """Status, headers and body of the answer to one request."""
        try:
            request = kfp_routes.check(self.routes, method, target, headers, data)
        except kfp_routes.InvalidRequest as error:
            self.violations.append(str(error))
            return _refused(400, str(error))
        name = request.route.name
        with self._lock:
            self.calls.append((name, dict(headers)))
            prepared = self.before.pop(name, None)
            queued = self.answers.get(name)
            answer = queued.pop(0) if queued else None
        if prepared:
            prepared()
        if answer:
            return answer
        with self._lock:
            try:
                self._authenticate(headers)
                found = getattr(self, name)(request)
            except Refusal as error:
                key = "error_message" if request.route.takes_file else "message"
                return _refused(error.status, str(error), key)
        body = api.ApiClient().sanitize_for_serialization(found if found is not None else {})
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _authenticate(self, headers):
        if self.tokens is not None:
            given = (headers["authorization"] or "").removeprefix("Bearer ")
            if given not in self.tokens:
                raise Refusal(401, "Request header error: there is no user identity header.")
        if self.cookies is not None and headers["Cookie"] not in self.cookies:
            raise Refusal(401, "Request header error: there is no user identity header.")

    def _namespace(self, given, what):
        if self.multi_user and not given:
            raise Refusal(400, f"{what} cannot have an empty namespace in multi-user mode")
        if given and not self.multi_user:
            raise Refusal(400, "In single-user mode, the request shouldn't contain namespace")

    # Operations, under kfp's names for them.

    def experiment_service_create_experiment(self, request):
        sent = request.body
        self._namespace(sent.namespace, "An experiment")
        if any(known.display_name == sent.display_name for known in self.experiments):
            raise Refusal(409, f"The name {sent.display_name} already exist")
        sent.experiment_id, sent.created_at = str(uuid.uuid4()), self.now()
        self.experiments.append(sent)
        return sent

    def experiment_service_list_experiments(self, request):
        self._namespace(request.query.get("namespace"), "An experiment")
        return _page(request, self.experiments, api.V2beta1ListExperimentsResponse, "experiments")

    def pipeline_service_create_pipeline(self, request):
        sent = request.body
        self._namespace(sent.namespace, "A pipeline")
        if any(known.name == sent.name for known in self.pipelines):
            raise Refusal(409, f"The name {sent.name} already exist")
        sent.pipeline_id, sent.created_at = str(uuid.uuid4()), self.now()
        self.pipelines.append(sent)
        return sent

    def pipeline_service_get_pipeline_by_name(self, request):
        return _one(self.pipelines, "name", request.path["name"], "Pipeline")

    def pipeline_service_list_pipeline_versions(self, request):
        owned = [v for v in self.versions if v.pipeline_id == request.path["pipeline_id"]]
        return _page(request, owned, api.V2beta1ListPipelineVersionsResponse, "pipeline_versions")

    def pipeline_service_get_pipeline_version(self, request):
        return _one(
            self.versions, "pipeline_version_id", request.path["pipeline_version_id"], "Version"
        )

    def upload_pipeline_version(self, request):
        file, data = request.file
        if not file.endswith((".yaml", ".yml")):
            raise Refusal(400, "Unexpected pipeline file format. Support .zip, .tar.gz or YAML.")
        pipeline_id, name = request.query["pipelineid"], request.query["name"]
        _one(self.pipelines, "pipeline_id", pipeline_id, "Pipeline")
        if any((v.pipeline_id, v.name) == (pipeline_id, name) for v in self.versions):
            raise Refusal(409, "Failed to create a pipeline version")
        version = api.V2beta1PipelineVersion(
            pipeline_id=pipeline_id,
            pipeline_version_id=str(uuid.uuid4()),
            name=name,
            display_name=request.query.get("display_name", name),
            description=request.query.get("description"),
            created_at=self.now(),
            pipeline_spec=_loaded(data.decode()),
        )
        self.versions.append(version)
        return version

    def run_service_create_run(self, request):
        run = request.body
        self._check_source(run)
        run.run_id, run.state = str(uuid.uuid4()), "PENDING"
        run.created_at, run.finished_at = self.now(), NOT_YET
        self.runs.append(run)
        return run

    def run_service_get_run(self, request):
        return self.run(request.path["run_id"])

    def run_service_list_runs(self, request):
        if not request.query.get("experiment_id"):
            self._namespace(request.query.get("namespace"), "A resource")
        return _page(request, self.runs, api.V2beta1ListRunsResponse, "runs")

    def recurring_run_service_create_recurring_run(self, request):
        sent = request.body
        self._namespace(sent.namespace, "A recurring run")
        self._check_source(sent)
        if not 1 <= int(sent.max_concurrency) <= 10:
            raise Refusal(400, "The max concurrency of the recurring run is out of range.")
        if bool(sent.trigger.cron_schedule) == bool(sent.trigger.periodic_schedule):
            raise Refusal(400, "A trigger is a cron schedule or a periodic one")
        sent.recurring_run_id, sent.created_at = str(uuid.uuid4()), self.now()
        sent.status = {"ENABLE": "ENABLED", "DISABLE": "DISABLED"}[sent.mode]
        self.schedules.append(sent)
        return sent

    def recurring_run_service_list_recurring_runs(self, request):
        self._namespace(request.query.get("namespace"), "A recurring run")
        found = api.V2beta1ListRecurringRunsResponse
        return _page(request, self.schedules, found, "recurring_runs")

    def recurring_run_service_enable_recurring_run(self, request):
        self._schedule(request).status = "ENABLED"

    def recurring_run_service_disable_recurring_run(self, request):
        self._schedule(request).status = "DISABLED"

    def recurring_run_service_delete_recurring_run(self, request):
        self.schedules.remove(self._schedule(request))

    def _schedule(self, request):
        return _one(
            self.schedules, "recurring_run_id", request.path["recurring_run_id"], "RecurringRun"
        )

    def _check_source(self, sent):
        """Experiment, version and parameters of what starts runs."""
        if not sent.display_name:
            raise Refusal(400, "The run name is empty. Please specify a valid name")
        _one(self.experiments, "experiment_id", sent.experiment_id, "Experiment")
        reference = sent.pipeline_version_reference
        version = _one(
            self.versions, "pipeline_version_id", reference.pipeline_version_id, "Version"
        )
        if version.pipeline_id != reference.pipeline_id:
            raise Refusal(400, "The version is of another pipeline")
        spec = version.pipeline_spec.get("pipeline_spec", version.pipeline_spec)
        known = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        given = sent.runtime_config.parameters or {}
        for name, value in given.items():
            if name not in known:
                raise Refusal(400, f"parameter {name} is not found in the pipeline")
            kind = known[name]["parameterType"]
            if not isinstance(value, _TYPES[kind]) or isinstance(value, bool) > (kind == "BOOLEAN"):
                raise Refusal(400, f"input parameter {name} requires type {kind}, got {value!r}")
        for name, definition in known.items():
            if name not in given and not definition.get("isOptional"):
                raise Refusal(400, f"parameter {name} is not optional, yet has neither default")


def _loaded(text):
    """The file as the API stores it, loaded as kfp loads it and as the proto wants it."""
    components.load_component_from_text(text)
    pipeline, *platform = yaml.safe_load_all(text)
    json_format.ParseDict(pipeline, pipeline_spec_pb2.PipelineSpec())
    return {"pipeline_spec": pipeline, "platform_spec": platform[0]} if platform else pipeline


def _one(things, field, value, kind):
    for thing in things:
        if getattr(thing, field) == value:
            return thing
    raise Refusal(404, f"{kind} {value} not found: ResourceNotFoundError: {kind} {value} not found")


def _page(request, things, answer, field):
    """One page of `things`, filtered and sorted as asked."""
    query = request.query
    token = json.loads(base64.b64decode(query.get("page_token") or "") or "{}")
    asked = {key: query.get(key, "") for key in ("filter", "sort_by")}
    if token and token["asked"] != asked:
        raise Refusal(400, "page token does not match the supplied sort by and/or filtering")
    keys = next((known for kind, known in _FILTER_KEYS.items() if kind in map(type, things)), None)
    for predicate in _predicates(query.get("filter", "")):
        if keys is not None and predicate.key not in keys:
            raise Refusal(400, f"no such field: {predicate.key}")
        things = [t for t in things if _field(t, predicate.key) == predicate.string_value]
    if query.get("sort_by"):
        key, _, direction = query["sort_by"].partition(" ")
        things = sorted(things, key=lambda t: getattr(t, key), reverse=direction == "desc")
    first, size = token.get("first", 0), int(query.get("page_size") or 20)
    more = base64.b64encode(json.dumps({"first": first + size, "asked": asked}).encode()).decode()
    return answer(
        **{field: things[first : first + size]},
        total_size=len(things),
        next_page_token=more if first + size < len(things) else "",
    )


def _predicates(text):
    if not text:
        return []
    found = kfp_routes.model(json.loads(urllib.parse.unquote_plus(text)), "V2beta1Filter")
    assert all(predicate.operation == "EQUALS" for predicate in found.predicates)
    return found.predicates


def _field(thing, key):
    reference = getattr(thing, "pipeline_version_reference", None)
    return getattr(reference, key) if reference and hasattr(reference, key) else getattr(thing, key)


def _refused(status, message, key="message"):
    body = {key: message, "code": _GRPC_CODES.get(status, 2)}
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


@contextlib.contextmanager
def running(server):
    """Serves `server` on a free port of the loopback; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_request(self):
            data = self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, headers, body = server.serve(self.command, self.path, self.headers, data)
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_PATCH = handle_request  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()
