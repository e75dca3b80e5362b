# Image of the pipeline, CPU. Build from the root of the checkout:
#   docker build -f kubeflow/pipeline.Dockerfile -t deepfake-detection-pipeline .
# Debian 13 has glibc 2.41: the private C runtime of bootstrap.sh is not needed here.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-trixie AS build
ENV VIRTUAL_ENV=/opt/deepfake
WORKDIR /src
COPY requirements.lock ./
# Every package, uv included, is checked against the hashes of the lock.
RUN python -m venv "$VIRTUAL_ENV" \
    && awk '/^[a-z0-9]/ { take = /^uv==/ } take' requirements.lock > uv.lock \
    && "$VIRTUAL_ENV/bin/python" -m pip install --no-cache-dir --require-hashes -r uv.lock \
    && "$VIRTUAL_ENV/bin/uv" pip sync --no-cache --require-hashes --compile-bytecode requirements.lock
COPY setup.py pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY components components
COPY pipeline pipeline
COPY serving serving
RUN "$VIRTUAL_ENV/bin/uv" pip install --no-cache --no-deps --no-build-isolation --compile-bytecode .

FROM python:${PYTHON}-slim-trixie
RUN useradd --create-home --uid 10001 deepfake
COPY --from=build /opt/deepfake /opt/deepfake
ENV PATH=/opt/deepfake/bin:$PATH PYTHONUNBUFFERED=1
USER deepfake
WORKDIR /data
ENTRYPOINT ["deepfake"]
CMD ["--help"]
