# The pipeline's image. Build from the root of the checkout; kubeflow/README.md has the commands.
#   LOCK         locks/pipeline.lock (CPU, the default) or locks/gpu.lock (with CUDA)
#   FINGERPRINT  of the checkout; the build fails where the image would hold other code
#   VERSION      of pipeline/version.py; REVISION, the commit, is only a label
# Debian 13 has glibc 2.41; the wheels of ML Metadata and TFDV need 2.39.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-trixie AS packages
ARG LOCK=locks/pipeline.lock
ENV VIRTUAL_ENV=/opt/deepfake
WORKDIR /src
# locks/dev.lock is here for its pin of uv: no other lock has an installer.
COPY locks/dev.lock ./
RUN python -m venv --without-pip "$VIRTUAL_ENV" \
    && python -m venv /opt/installer \
    && awk '/^[a-z0-9]/ { take = /^uv==/ } take' dev.lock > uv.lock \
    && /opt/installer/bin/python -m pip install --no-cache-dir --require-hashes -r uv.lock
COPY ${LOCK} packages.lock
RUN /opt/installer/bin/uv pip sync --no-cache --python "$VIRTUAL_ENV/bin/python" \
      --require-hashes --compile-bytecode packages.lock

FROM packages AS project
COPY setup.py pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY components components
COPY pipeline pipeline
COPY serving serving
# Built with the setuptools of the lock: nothing more is fetched.
RUN /opt/installer/bin/uv pip install --no-cache --python "$VIRTUAL_ENV/bin/python" \
      --no-deps --no-build-isolation --compile-bytecode .
WORKDIR /
ARG FINGERPRINT
ARG VERSION
# Of what was installed, not of what was copied: a file that the package leaves out shows here.
RUN found="$("$VIRTUAL_ENV/bin/python" -c "from components import fingerprint; \
print(fingerprint.of('schemas', 'components', 'pipeline', 'serving'))")" \
    && if [ "$found" != "$FINGERPRINT" ]; then \
         echo "FINGERPRINT is '$FINGERPRINT', but the installed code has '$found'" >&2; exit 1; fi \
    && found="$("$VIRTUAL_ENV/bin/python" -c 'from pipeline.version import VERSION; print(VERSION)')" \
    && if [ "$found" != "$VERSION" ]; then \
         echo "VERSION is '$VERSION', but the installed code is $found" >&2; exit 1; fi

FROM python:${PYTHON}-slim-trixie
ARG FINGERPRINT
ARG VERSION
ARG REVISION=unknown
LABEL org.opencontainers.image.title="deepfake-pipeline" \
      org.opencontainers.image.description="TFX pipeline from labelled videos to a served detector" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      deepfake.code-fingerprint="${FINGERPRINT}"
RUN groupadd --gid 10001 deepfake \
    && useradd --create-home --uid 10001 --gid 10001 deepfake \
    && install --directory --owner=deepfake --group=deepfake /deepfake
COPY --from=project /opt/deepfake /opt/deepfake
# First in PATH: Beam's worker pool starts a bare `python`.
ENV PATH=/opt/deepfake/bin:$PATH \
    VIRTUAL_ENV=/opt/deepfake \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# What a step imports, imported here, in the finished image: it fails where a shared library is
# missing, and where one module is compiled anew although its bytecode came along.
RUN python -v -c "import pipeline.graph, pipeline.cli.node, tfx.orchestration.portable.launcher" \
      2> /tmp/imports.log \
    || { sed -n '/^Traceback/,$p' /tmp/imports.log | grep -v '^#\|^import '; exit 1; } \
    ; stale="$(grep -c '^# code object from /.*\.py$' /tmp/imports.log)" \
    ; rm /tmp/imports.log \
    ; if [ "$stale" -ne 0 ]; then echo "$stale modules have no valid bytecode" >&2; exit 1; fi
WORKDIR /deepfake
# A step of Kubeflow calls `python -m pipeline.cli.node` in its place.
ENTRYPOINT ["deepfake"]
CMD ["--help"]
