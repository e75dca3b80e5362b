"""What Kubeflow Pipelines' API takes and gives, read out of kfp's own generated client.

Every operation of the client is called once with a recorder in place of the network. That tells
path, method, query parameters and the models of body and answer, and nothing is copied by hand.
"""

import dataclasses
import email.parser
import email.policy
import inspect
import json
import re
import types
import urllib.parse

import kfp_server_api as api

_CLIENT_ONLY = ("async_req", "_return_http_data_only", "_preload_content", "_request_timeout")


class InvalidRequest(Exception):  # noqa: N818 - it is an answer, not a failure of the test
    """A request that the API's own description does not allow."""


@dataclasses.dataclass(frozen=True)
class Route:
    """One operation."""

    name: str
    method: str
    path: re.Pattern
    query: dict  # name to type, as the client documents it
    body: str | None  # name of the model
    takes_file: bool


@dataclasses.dataclass(frozen=True)
class Request:
    """A checked request: `body` is a model, `file` is (name, bytes)."""

    route: Route
    path: dict
    query: dict
    body: object
    file: tuple | None


def table(tmp_path):
    """All operations; `tmp_path` takes the file that the recorder uploads."""
    sample = tmp_path / "sample.yaml"
    sample.write_text("x")
    found = []
    for service in vars(api).values():
        if inspect.isclass(service) and service.__name__.endswith("Api"):
            names = [name for name in dir(service) if name.endswith("_with_http_info")]
            found += [_recorded(service, name, sample) for name in names]
    # A fixed path before one with a placeholder that would take it too.
    return sorted(found, key=lambda route: route.path.pattern.count("?P<"))


def _recorded(service, name, sample):
    recorder = _Recorder()
    method = getattr(service(recorder), name)
    types_ = dict(re.findall(r":type (\w+): ([\w\[\], ]+)", inspect.getdoc(method)))
    types_ = {key: kind for key, kind in types_.items() if key not in _CLIENT_ONLY}
    method(**{key: _value(kind, sample) for key, kind in types_.items()})
    path, verb, query, body, has_file = recorder.seen
    pattern = re.sub(r"\\\{([\w.\\]+)\\\}", r"(?P<\1>[^/:]+)", re.escape(path))
    pattern = re.sub(r"\?P<([^>]+)>", lambda m: f"?P<{re.sub(r'[^a-z_]', '_', m[1])}>", pattern)
    return Route(
        name=name.removesuffix("_with_http_info"),
        method=verb,
        path=re.compile(pattern),
        query={key: types_[key] for key in query},
        body=type(body).__name__ if body is not None else None,
        takes_file=has_file,
    )


def _value(kind, sample):
    if kind == "file":
        return str(sample)
    if hasattr(api.models, kind):
        return getattr(api.models, kind)()
    return {"int": 1, "bool": True}.get(kind, "x")


class _Recorder(api.ApiClient):
    def call_api(self, path, method, path_params, query_params, headers, **rest):
        query = [key for key, _ in query_params]
        self.seen = (path, method, query, rest["body"], bool(rest["files"]))


def check(routes, method, target, headers, data):
    """The request as models, or InvalidRequest with what is wrong."""
    parts = urllib.parse.urlsplit(target)
    matches = [(r, r.path.fullmatch(parts.path)) for r in routes if r.method == method]
    route, match = next(((r, m) for r, m in matches if m), (None, None))
    if route is None:
        raise InvalidRequest(f"no operation {method} {parts.path}")
    query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    for key, value in query.items():
        if key not in route.query:
            raise InvalidRequest(f"{route.name} has no query parameter {key}")
        if route.query[key] == "int" and not value.isdigit():
            raise InvalidRequest(f"{key} must be a whole number, got {value!r}")
    path = {key: urllib.parse.unquote(value) for key, value in match.groupdict().items()}
    return Request(
        route=route,
        path=path,
        query=query,
        body=_body(route, headers, data),
        file=_file(headers, data) if route.takes_file else None,
    )


def _body(route, headers, data):
    if route.body is None:
        if data and not route.takes_file:
            raise InvalidRequest(f"{route.name} takes no body, got {data[:100]!r}")
        return None
    if headers["Content-Type"] != "application/json":
        raise InvalidRequest(f"Content-Type must be application/json for {route.name}")
    return model(json.loads(data), route.body)


def model(sent, name):
    """`sent` as the model `name`: every field known, of the right type, none lost."""
    client = api.ApiClient()
    try:
        found = client.deserialize(types.SimpleNamespace(data=json.dumps(sent)), name)
    except (ValueError, TypeError, AttributeError, api.ApiException) as error:
        raise InvalidRequest(f"{name}: {error}") from error
    kept = client.sanitize_for_serialization(found)
    if kept != sent:
        raise InvalidRequest(f"{name}: sent {sent}, of which the model keeps {kept}")
    _check_words(found)
    return found


def _check_words(found):
    """Enumerations are plain text to the client: their words are checked here."""
    for field, kind in getattr(found, "openapi_types", {}).items():
        value = getattr(found, field)
        words = getattr(getattr(api.models, kind, None), "allowable_values", None)
        if value is not None and words and value not in words:
            raise InvalidRequest(f"{field} must be one of {words}, got {value!r}")
        if hasattr(value, "openapi_types"):
            _check_words(value)


def _file(headers, data):
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + data)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if len(parts) != 1 or parts[0].get_param("name", header="content-disposition") != "uploadfile":
        raise InvalidRequest("an upload has one part, uploadfile")
    return parts[0].get_filename(), parts[0].get_payload(decode=True)
