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

# ARGS (such as -k WORD) may leave one of the two halves without a test. pytest then ends with 5,
# which is no failure here; every other status but 0 is.
OR_NONE_SELECTED := || [ $$? = 5 ]

test: setup     ## Run all tests, slowest last
	@.venv/bin/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile $(ARGS) $(OR_NONE_SELECTED)
	@.venv/bin/python -m pytest -m slow $(ARGS) $(OR_NONE_SELECTED)

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
