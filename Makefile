.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# For two processors: tests also wait, for disks and for servers that start.
WORKERS ?= 3
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder
# Without compiled files every process of every tool compiles scikit-learn anew.
unexport PYTHONDONTWRITEBYTECODE
export VIRTUAL_ENV := $(abspath $(VENV))
export DAGSTER_DISABLE_TELEMETRY := true

.PHONY: help setup demo portfolio test up check check-fast lint types rules bench docs faults reference lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else \
	  f"python {sys.version.split()[0]} is not supported: call make PYTHON=python3.11 (3.11 to 3.13)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet "uv>=0.8,<1"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(INSTALLED) ## install the locked packages and prepare MLOPS_HOME, once
	@$(BIN)/mlops setup

demo: setup ## land real flights and release the first champion
	@$(BIN)/mlops demo

portfolio: setup ## bring every other model to its first champion, and watch its latest windows
	@$(BIN)/mlops portfolio

up: setup ## Dagster and the MLflow UI on loopback, until Ctrl-C
	@$(BIN)/mlops up

test: setup ## every test, the browser's included where it can be installed; in WORKERS=3 processes, 0 for this one
	@sh tests/install_browser.sh
	@$(PYTEST)

lint: setup ## ruff, types, import contracts, dbt style, definitions
	@$(MAKE) --no-print-directory --jobs 2 types rules

types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/dg check yaml
	DAGSTER_HOME="$$($(BIN)/python -c 'from mlops_platform.settings import settings as s; print(s().dagster_home)')" \
	  $(BIN)/dg check defs
	$(BIN)/mlops check

check: lint test ## lint and test

check-fast: lint ## lint, and every test that takes no more than five seconds
	@$(PYTEST) --ignore tests/e2e -m "not slow"

bench: setup ## measure against a bare script, in one run
	@$(BIN)/python -m benchmarks

docs: setup ## the documents as a site, strictly and offline: open .site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file deploy/docs/mkdocs.yml

faults: setup ## run the fault suite, and write docs/faults.md anew from what it saw
	@MLOPS_FAULTS_TABLE=docs/faults.md $(PYTEST) -m fault

reference: setup ## write docs/reference anew from the code
	@$(BIN)/python -m deploy.docs.reference

lock: $(INSTALLED) ## resolve requirements.lock anew
	@rm -f requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## delete all state; the next demo starts afresh
	rm -rf .mlops dbt_project/target
