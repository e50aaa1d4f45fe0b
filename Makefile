# make run        the proxy in front of two embedded memcached servers, nothing else needed
# make test       unit, integration and end-to-end tests, each kind in a process of its own; the
#                 unit tests on both forms, pure Python and with the compiled core
# make lint       ruff and mypy
# make packaging  builds the wheel and tries it in fresh environments

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Debian installs nutcracker where only root's path looks.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: run test unit unit-compiled integration e2e programs lint format packaging clean
.NOTPARALLEL:

run: $(VENV)/.run
	$(BIN)/twistd -n nutproxy --demo

test: programs unit unit-compiled integration e2e

# The two pure packages are held at every line and branch.
unit: $(VENV)/.test
	$(BIN)/coverage run -m pytest -p no:twisted tests/unit
	$(BIN)/coverage report --include='nuttwist/wire/*,nuttwist/ring/*' --fail-under=100

# The same tests on what a wheel installs. The environment's own nuttwist is the tree, so they run
# where the tree's package is not in sight, beside the files of the tree that they read.
COMPILED := build/compiled
unit-compiled: $(VENV)/.test
	tests/compiled.sh $(BIN)/python $(COMPILED)
	cd $(COMPILED) && $(CURDIR)/$(BIN)/python -m pytest -p no:twisted tests/unit

integration: $(VENV)/.test
	$(BIN)/python -m twisted.trial tests.integration

e2e: $(VENV)/.test programs
	$(BIN)/python -m pytest tests/e2e

programs:
	tests/setup.sh memcached redis-server nutcracker

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

packaging: $(VENV)/.test
	$(BIN)/python -m pytest -p no:twisted tests/packaging

clean:
	rm -rf $(VENV) build dist *.egg-info _trial_temp .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache

# Editable installs are pure in any case; the variable saves fetching the compiler of the core.
$(VENV)/.run $(VENV)/.test: export NUTTWIST_PURE := 1

$(VENV)/.run: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	touch $@

$(VENV)/.test: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[test]'
	touch $@ $(VENV)/.run
