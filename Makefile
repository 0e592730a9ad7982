# make run    the main job, through Airflow, on the shipped configuration and the sample feeds
# make test   the whole test suite, then nothing is left running
# make up     for good on this machine: Airflow with its schedules, Ctrl-C ends it
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

export PATH := $(BIN):$(PATH)
export ALERTS_CONFIG ?= $(CURDIR)/config
export ALERTS_VAR ?= $(CURDIR)/var
export AIRFLOW_HOME ?= $(ALERTS_VAR)/airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__PLUGINS_FOLDER := $(CURDIR)/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION := False
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS := admin:admin
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE := $(AIRFLOW_HOME)/passwords.json
export AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME := 0.2
export AIRFLOW__API__PORT ?= 8080
export AIRFLOW__API__HOST ?= 127.0.0.1
# Tasks talk to the API server; they must be told of another port.
export AIRFLOW__API__BASE_URL := http://$(AIRFLOW__API__HOST):$(AIRFLOW__API__PORT)
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL := $(AIRFLOW__API__BASE_URL)/execution/
export AIRFLOW__CORE__PARALLELISM ?= 8
# What Airflow's database was prepared with; another makes it be prepared again.
AIRFLOW_IS := requirements.lock dags/alerts_pools.json
# The compiled modules halve the start of every Airflow process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test crash lint fix up clean lock soak compose-check doorbell _rehearsal-ready _line _airflow-ready

help:
	@sed -n '1,3s/^# //p' Makefile

# ── what a newcomer types ────────────────────────────────────────────────────────────────────────────────────────────

run: $(VENV)/run.ready
	@alerts with-services --demo-feeds -- $(MAKE) _line

test: $(VENV)/dev.ready
	@command -v chromium chromium-browser google-chrome >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "installing chromium, to look at mails in it" \
	    && apt-get update -q >/dev/null && apt-get install -y -q chromium >/dev/null; } \
	  || echo "chromium is not installed: the tests that look at mails in a browser are SKIPPED"
	@command -v prometheus >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "fetching prometheus, to ask it what the dashboard asks" \
	    && cd "$$(mktemp -d)" && apt-get update -q >/dev/null && apt-get download -q prometheus >/dev/null 2>&1 \
	    && dpkg-deb -x prometheus_*.deb . && mv usr/bin/prometheus usr/bin/promtool "$(BIN)" && rm -r "$$PWD"; } \
	  || echo "prometheus is not installed: the tests of the dashboard and of the alert rules are SKIPPED"
	@pytest

up: $(VENV)/run.ready _airflow-ready
	@echo "Airflow is on $(AIRFLOW__API__BASE_URL) in about 20 seconds; user admin, password $$(python -c \
	  'import json, sys; print(json.load(open(sys.argv[1]))["admin"])' "$(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE)")"
	@echo "its log is $(ALERTS_VAR)/log/up.log, what was sent: alerts report; Ctrl-C ends it, and leaves nothing running"
	@alerts with-services --demo-feeds -- airflow standalone >"$(ALERTS_VAR)/log/up.log" 2>&1 || { code=$$?; \
	  case $$code in 130|143) echo "ended";; *) tail -n 40 "$(ALERTS_VAR)/log/up.log"; exit $$code;; esac; }

# ── the line through Airflow: the real DAGs, one after the other ─────────────────────────────────────────────────────

_line: _airflow-ready
	@since=$$(date -u +%Y-%m-%dT%H:%M:%SZ); \
	for dag in alerts_collect alerts_watch alerts_send; do \
	  log="$$ALERTS_VAR/log/$$dag.log"; echo "airflow dags test $$dag"; \
	  ALERTS_DEADLINES=off airflow dags test $$dag $$(test $$dag = alerts_send && echo "-c {\"digest_now\":true}") >"$$log" 2>&1 \
	    || { tail -n 40 "$$log"; echo "$$dag failed; the whole log is $$log"; exit 1; }; \
	done; \
	alerts report --since $$since

_airflow-ready:
	@mkdir -p "$(ALERTS_VAR)/log" "$(AIRFLOW_HOME)"
	@test -e "$(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE)" || \
	  (umask 077; python -c 'import json, secrets; print(json.dumps({"admin": secrets.token_urlsafe(12)}))' \
	   >"$(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE)")
	@test -e "$(AIRFLOW_HOME)/migrated-$$(cat $(AIRFLOW_IS) | sha256sum | cut -c1-12)" || \
	  { echo "preparing Airflow's own database"; \
	    { airflow db migrate && airflow pools import dags/alerts_pools.json; } >"$(ALERTS_VAR)/log/airflow-migrate.log" 2>&1 \
	    || { tail -n 20 "$(ALERTS_VAR)/log/airflow-migrate.log"; exit 1; }; \
	    touch "$(AIRFLOW_HOME)/migrated-$$(cat $(AIRFLOW_IS) | sha256sum | cut -c1-12)"; }

# ── the virtual environment, from locks with hashes ──────────────────────────────────────────────────────────────────

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$$($(PYTHON) --version) is too old; Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is not complete; installing python3-venv"; \
	  { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -y -q python3-venv; } \
	  || { echo "could not; run: sudo apt-get install python3-venv"; exit 1; }; }
	@$(PYTHON) -m venv $(VENV)

# The locks name everything, so pip need not look for what they depend on; old ones look for another celery than the lock's.
$(VENV)/run.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing the locked packages into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.ready: requirements-dev.lock $(VENV)/run.ready
	@echo "installing the locked packages for development into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# ── development ──────────────────────────────────────────────────────────────────────────────────────────────────────

crash: $(VENV)/dev.ready
	python -m tests.crash.run --everywhere --mutants --seeds 100

lint: $(VENV)/dev.ready
	ruff check
	ruff format --check
	mypy
	lint-imports
	codespell
	alerts check

fix: $(VENV)/dev.ready
	ruff check --fix
	ruff format

lock:
	@command -v uv >/dev/null || { echo "uv is needed to make the locks: pip install uv"; exit 1; }
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra airflow --extra celery --extra desk --extra postgres --extra dkim --extra apprise --extra build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra airflow --extra celery --extra desk --extra postgres --extra dkim --extra apprise --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

# ── the compose file without a container engine: its schema, compose's own reading, and a rehearsal of every service ──

compose-check: $(VENV)/dev.ready _rehearsal-ready
	check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	pytest -q tests/test_compose.py
	VENV=$(VENV) tests/rehearsal/enter.sh pytest -q tests/rehearsal

doorbell: $(VENV)/dev.ready _rehearsal-ready
	VENV=$(VENV) tests/rehearsal/enter.sh python bench/doorbell.py

_rehearsal-ready:
	@command -v docker-compose ip unshare setpriv >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
	  echo "installing docker-compose, PostgreSQL and iproute2, which the rehearsal starts"; \
	  { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -y -q --no-install-recommends \
	    docker-compose postgresql iproute2 util-linux; } \
	  || { echo "could not; run: sudo apt-get install --no-install-recommends docker-compose postgresql iproute2"; exit 1; }; }

# A month of the line in a quarter of an hour, on a simulated clock.
soak: $(VENV)/run.ready
	@python bench/soak.py

clean:
	rm -rf $(VENV) var
