# One-line targets. `make demo` and `make test` set everything up first.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock clean

PYTHON ?=
ARGS ?=

help:           ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:          ## Create .venv from the lock (a second call does nothing)
	@PYTHON="$(PYTHON)" ./bootstrap.sh

demo: setup     ## Make synthetic videos, run the whole pipeline, push a blessed model
	@.venv/bin/deepfake demo $(ARGS)

# Some of the tests (ARGS such as -k WORD) say nothing of how much of the code all of them run.
COVERAGE := $(if $(ARGS),,--cov --cov-report=)

test: setup     ## Run all tests, the whole runs first
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(COVERAGE) $(ARGS)

check: setup    ## Lint, types and layers
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: setup    ## Run the benchmarks; writes tests/benchmarks/results.json
	@.venv/bin/python tests/benchmarks/run.py $(ARGS)

lock: setup     ## Resolve setup.py again and rewrite the lock files
	@.venv/bin/uv pip compile setup.py --universal --python-version 3.10 \
	  --generate-hashes --no-header --no-emit-index-url --quiet --upgrade \
	  --extra dev --extra kubeflow -o locks/dev.lock
	@.venv/bin/uv pip compile setup.py --universal --python-version 3.10 \
	  --generate-hashes --no-header --no-emit-index-url --quiet --constraint locks/dev.lock \
	  --extra kubeflow -o locks/pipeline.lock
	@.venv/bin/uv pip compile setup.py --universal --python-version 3.10 \
	  --generate-hashes --no-header --no-emit-index-url --quiet --constraint locks/dev.lock \
	  --extra gpu --extra kubeflow -o locks/gpu.lock

clean:          ## Remove the environment and what runs have written here
	rm -rf .venv runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build *.egg-info
