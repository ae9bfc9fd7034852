# Two commands are enough: `make nightly` and `make test`. Everything they need is set up on the way.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TWIN := $(BIN)/twin
PYTEST_WORKERS ?= 2
NIGHTLY_ARGS ?=
SERVE_ARGS ?=

.PHONY: help setup setup-dev browser nightly test gates lint types contracts lock-check serve clean

help:
	@echo "make nightly   plan tomorrow for the embedded Seoul and say where the report is"
	@echo "make serve     open the web app on the published runs (SERVE_ARGS=--demo: without log-in)"
	@echo "make test      run every test (installs what they need, the browser included)"
	@echo "make gates     ruff, mypy, import contracts, lock equals environment"
	@echo "make clean     remove the environment and caches"

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

setup: $(VENV)/.runtime

setup-dev: $(VENV)/.dev

browser:
	@bash .ci/browser.sh

nightly: setup
	$(TWIN) nightly $(NIGHTLY_ARGS)

serve: setup
	$(TWIN) serve $(SERVE_ARGS)

test: setup-dev browser
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile

gates: lint types contracts lock-check

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

contracts: setup-dev
	$(BIN)/lint-imports

lock-check: setup-dev
	$(BIN)/python .ci/check_lock.py

clean:
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
