"""A compiled pipeline on its way to a cluster: TFX IR, configuration and code, with one digest.

Only the first step of a run gets the bundle, in its arguments; it writes it below the output
folder, under its digest, and the other steps read it there and check the digest again.
"""

import base64
import binascii
import dataclasses
import functools
import gzip
import hashlib
import json
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any, Final

from google.protobuf import json_format
from tfx.proto.orchestration import pipeline_pb2

from components import fingerprint
from pipeline import graph
from pipeline.config import load
from pipeline.config.clusters import KubeflowConfig, VertexConfig
from pipeline.config.tree import PipelineConfig
from pipeline.runners import ir
from schemas import names
from schemas.errors import RunnerError

PREFIX: Final = "gz64:"
# Linux takes 128 KiB in one argument. Argo Workflows keeps a whole workflow in one object, and
# Kubernetes' store refuses objects above 1.5 MiB.
ARGUMENT_BYTES: Final = 100_000
TOTAL_BYTES: Final = 500_000
_SOURCES: Final = ("schemas", "components", "pipeline", "serving")


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The text that travels. Equal sources and configurations give equal texts.

    Attributes:
      text: The bundle as JSON: an object with `code`, `config` and `ir`.
    """

    text: str

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def config(self) -> PipelineConfig:
        """The configuration of which the graph was compiled, without the cluster's part."""
        return load.from_mapping(PipelineConfig, self._content["config"])

    @property
    def code(self) -> str:
        """Fingerprint of the code that compiled it."""
        return str(self._content["code"])

    @functools.cached_property
    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.text)
        return content

    def ir(self) -> pipeline_pb2.Pipeline:
        """A fresh copy of the graph, runtime parameters open."""
        parsed: pipeline_pb2.Pipeline = json_format.ParseDict(
            self._content["ir"], pipeline_pb2.Pipeline()
        )
        return parsed

    def arguments(self) -> list[str]:
        """The bundle as command-line arguments.

        Raises:
          RunnerError: `bundle_too_large`: More than a cluster's store would take.
        """
        packed = base64.b64encode(gzip.compress(self.text.encode(), 9, mtime=0)).decode()
        if len(packed) > TOTAL_BYTES:
            raise RunnerError(
                "bundle_too_large",
                f"the compiled pipeline takes {len(packed)} bytes, at most {TOTAL_BYTES} fit into"
                " a workflow; shorten long lists in the configuration",
            )
        starts = range(0, len(packed), ARGUMENT_BYTES)
        return [PREFIX + packed[start : start + ARGUMENT_BYTES] for start in starts]


def build(config: PipelineConfig) -> Bundle:
    """Compiles the graph of `config`, runtime parameters open; `data.manifest` must be set."""
    compiled = ir.compile_graph(
        graph.create_pipeline(config, runtime_parameters=True), order=names.NODES
    )
    anywhere = dataclasses.replace(config, kubeflow=KubeflowConfig(), vertex=VertexConfig())
    content = {
        "code": code_fingerprint(),
        "config": dataclasses.asdict(anywhere),
        "ir": json_format.MessageToDict(compiled, preserving_proto_field_name=True),
    }
    return Bundle(json.dumps(content, separators=(",", ":"), sort_keys=True))


def code_fingerprint() -> str:
    """Fingerprint of the installed sources of this project."""
    return fingerprint.of(*_SOURCES)


def from_arguments(parts: Sequence[str], *, digest: str) -> Bundle:
    """The bundle that `Bundle.arguments` packed.

    Raises:
      RunnerError: `bundle_digest`: It is not the one of `digest`, or no bundle.
    """
    packed = "".join(part.removeprefix(PREFIX) for part in parts)
    try:
        text = gzip.decompress(base64.b64decode(packed, validate=True)).decode()
    except (binascii.Error, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise RunnerError("bundle_digest", f"the arguments hold no bundle: {error}") from error
    return _checked(text, digest)


def path_below(output: str, digest: str) -> pathlib.Path:
    """File of a bundle below the output folder."""
    return pathlib.Path(output) / "bundles" / f"{digest}.json"


def read(path: pathlib.Path, *, digest: str) -> Bundle:
    """Reads a bundle file.

    Raises:
      RunnerError: `bundle_digest`: There is none, or it is not the one of `digest`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RunnerError(
            "bundle_digest",
            f"no bundle {path}: the step `prepare` of this run has not ended, or the volume is not"
            " the one that it wrote to",
        ) from error
    return _checked(text, digest)


def check_code(bundle: Bundle) -> None:
    """Refuses a bundle that other code compiled: cache keys and lineage would name that code.

    Raises:
      RunnerError: `code_mismatch`: The installed sources are not those that compiled it.
    """
    installed = code_fingerprint()
    if bundle.code != installed:
        raise RunnerError(
            "code_mismatch",
            f"compiled by code {bundle.code[:12]}, but this image holds {installed[:12]}; build the"
            " image from the checkout that compiles, and compile again",
        )


def _checked(text: str, digest: str) -> Bundle:
    bundle = Bundle(text)
    if bundle.digest != digest:
        raise RunnerError(
            "bundle_digest",
            f"the bundle's digest is {bundle.digest[:12]}, not {digest[:12]}; compile and submit"
            " again",
        )
    return bundle
