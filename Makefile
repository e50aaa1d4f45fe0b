# make run        the proxy in front of two embedded memcached servers, nothing else needed
# make test       unit, integration and end-to-end tests, each kind in a process of its own, on
#                 both forms: pure Python, and with the compiled core
# make lint       ruff and mypy
# make bench      measures the proxy's forms against twemproxy, and writes docs/benchmarks.md
# make transcripts  plays every recorded conversation against the running command
# make fuzz       drives every parser with hostile bytes, FUZZ_MINUTES each (10)
# make victims    a hostile client beside others on one server connection, VICTIM_MINUTES each (10)
# make soak       half an hour of killed servers and reloads under load; writes docs/reliability.md
# make packaging  builds the wheel and tries it in fresh environments

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Debian installs nutcracker where only root's path looks.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: run test compiled unit unit-compiled integration integration-compiled e2e e2e-pure \
	e2e-compiled programs lint format fuzz victims packaging bench soak transcripts clean
.NOTPARALLEL:

run: $(VENV)/.run
	$(BIN)/twistd -n nutproxy --demo

test: programs unit unit-compiled integration-compiled e2e-compiled e2e-pure

# The two pure packages are held at every line and branch.
unit: $(VENV)/.test
	$(BIN)/coverage run -m pytest -p no:twisted tests/unit
	$(BIN)/coverage report --include='nuttwist/wire/*,nuttwist/ring/*' --fail-under=100

# The same tests on what a wheel installs. The environment's own nuttwist is the tree, so they run
# where the tree's package is not in sight, beside the files of the tree that they read; what they
# start finds the compiled package first, too.
COMPILED := $(CURDIR)/build/compiled
ON_COMPILED := cd $(COMPILED) && PYTHONPATH=$(COMPILED) NUTTWIST_FORM=compiled $(CURDIR)/$(BIN)/python
compiled: $(VENV)/.test
	tests/compiled.sh $(BIN)/python $(COMPILED)

unit-compiled: compiled
	$(ON_COMPILED) -m pytest -p no:twisted tests/unit

integration: $(VENV)/.test
	$(BIN)/python -m twisted.trial tests.integration

integration-compiled: compiled
	$(ON_COMPILED) -m twisted.trial tests.integration

e2e: $(VENV)/.test programs
	$(BIN)/python -m pytest tests/e2e

# What clients say and are answered, and servers that fail: what the compiled core is a part of.
# The rest is the same code in both forms.
FORMS := $(addprefix tests/e2e/,faults test_differential.py test_hostile.py test_hostile_keys.py \
	test_memcached_clients.py test_pymemcache.py test_redis_differential.py test_redis_own.py \
	test_redis_py.py test_replay.py test_trouble_under_load.py test_workers.py)
e2e-pure: $(VENV)/.test programs
	$(BIN)/python -m pytest $(FORMS)

e2e-compiled: compiled programs
	$(ON_COMPILED) -m pytest tests/e2e

programs:
	tests/setup.sh memcached redis-server nutcracker chromium chromedriver

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

FUZZ_MINUTES ?= 10
FUZZ_TARGETS := memcached-requests memcached-replies redis-requests redis-replies yaml
fuzz: $(VENV)/.fuzz
	set -e; for target in $(FUZZ_TARGETS); do \
		$(BIN)/python -m tests.fuzz $$target --minutes $(FUZZ_MINUTES); done

VICTIM_MINUTES ?= 10
victims: compiled programs
	set -e; for dialect in memcached redis; do \
		$(BIN)/python -m tests.fuzz.victims $$dialect --minutes $(VICTIM_MINUTES); \
		($(ON_COMPILED) -m tests.fuzz.victims $$dialect --minutes $(VICTIM_MINUTES)); done

packaging: $(VENV)/.test
	$(BIN)/python -m pytest -p no:twisted tests/packaging

bench: $(VENV)/.bench programs
	rm -rf $(VENV)/compiled
	$(PIP) install --no-deps --target $(VENV)/compiled .
	$(BIN)/python -m benchmarks --compiled $(VENV)/compiled --json $(VENV)/benchmarks.json --docs

MINUTES := 30
soak: $(VENV)/.test programs
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --out build/soak --docs

# Ports below the ephemeral range: nothing else on the machine is given one of them.
REPLAY := $(BIN)/python tests/transcripts/replay.py --port-base 12000 --proxy '$(BIN)/twistd -n \
	--pidfile= --logfile={log} nutproxy -c {conf} -s {stats_port} -a 127.0.0.1 -i {stats_interval}'
MEMCACHED := $(wildcard tests/data/transcripts/memcached-*.json) tests/data/transcripts/stats.json
REDIS := $(wildcard tests/data/transcripts/redis-*.json)
CLOSE := --pool-extra 'on_unsupported: close'
transcripts: $(VENV)/.test programs
	$(REPLAY) --differences tests/data/transcript-differences.txt $(MEMCACHED)
	$(REPLAY) --differences tests/data/transcript-differences-close.txt $(CLOSE) $(MEMCACHED)
	$(REPLAY) --differences tests/data/transcript-differences-redis.txt $(REDIS)
	$(REPLAY) --differences tests/data/transcript-differences-redis-close.txt $(CLOSE) $(REDIS)

clean:
	rm -rf $(VENV) build dist *.egg-info _trial_temp .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache

# Editable installs are pure in any case; the variable saves fetching the compiler of the core.
$(VENV)/.run $(VENV)/.test $(VENV)/.fuzz: export NUTTWIST_PURE := 1

$(VENV)/.run: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	touch $@

$(VENV)/.test: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[test]'
	touch $@ $(VENV)/.run

$(VENV)/.fuzz: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[test,fuzz]'
	touch $@

$(VENV)/.bench: setup.cfg pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[bench]'
	touch $@
