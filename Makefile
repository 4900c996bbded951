# Needs Python 3.11 or newer and make. Everything else goes into .venv, from lock files with hashes.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
FLASK := $(VENV)/bin/flask

# The stamps carry a checksum of what they stand for, so that a second run costs nothing and a changed lock is noticed.
LOCKS := requirements-build.lock requirements.lock requirements-dev.lock pyproject.toml
SUM := $(shell { echo "$(CURDIR)"; cat $(LOCKS); } | cksum | tr -d ' ')
READY := $(VENV)/ready-$(SUM)
READY_DEV := $(VENV)/ready-dev-$(SUM)
INSTALL := $(PY) -m pip install -qq --disable-pip-version-check --use-pep517 --no-build-isolation

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev browser run test prove check train bench lock clean

help: ## print this page
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## install what running needs

setup-dev: $(READY_DEV) ## install what testing needs as well

run: $(READY) ## start web, worker and watch with demonstration data at http://127.0.0.1:8000 (PORT= changes the port)
	@echo "Starting Heard: half a minute, longer on a slow machine; Ctrl-C stops it"
	@exec $(PY) -m bot.demo --port $(PORT)

test: $(READY_DEV) browser ## run every test, on every core: SQLite, a real PostgreSQL, a real browser (ARGS= goes to pytest)
	@$(PY) -m pytest -n auto $(ARGS)

prove: $(READY_DEV) browser ## run whole what `make test` runs a share of: random histories, killed processes, made-up inputs
	@HEARD_PROVE=1 $(PY) -m pytest -n auto --dist worksteal -m prove $(ARGS)

check: $(READY_DEV) ## ruff, mypy, import contracts, script lint
	@status=0; for tool in "ruff check" mypy lint-imports "flask scripts check"; do \
		echo "== $$tool"; $(VENV)/bin/$$tool || status=1; \
	done; exit $$status

train: $(READY_DEV) ## make the weights of the screen from the corpus (an hour on two cores; ARGS=linear takes a minute)
	@[ -x .venv-train/bin/python ] || $(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install -qq --disable-pip-version-check -r training/requirements.txt
	@.venv-train/bin/python -m training $(ARGS)

bench: $(READY_DEV) ## the measurements, one JSON object a line
	@$(PY) -m bench $(ARGS)

browser: ## find Chromium, or install it with apt where that is allowed
	@for name in "$$HEARD_CHROMIUM" chromium chromium-browser google-chrome; do \
		[ -n "$$name" ] && command -v "$$name" >/dev/null 2>&1 && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
		echo "Installing Chromium with apt"; \
		export DEBIAN_FRONTEND=noninteractive; \
		$$as_root apt-get -qq update </dev/null && \
		$$as_root apt-get -qq install -y --no-install-recommends chromium </dev/null >/dev/null && exit 0; \
	fi; \
	echo "Chromium is missing. Install it: sudo apt-get install -y chromium" >&2; exit 1

lock: ## write the lock files anew from pyproject.toml (needs uv)
	@echo 'setuptools>=77' | uv pip compile --no-config -q --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command 'make lock' -o requirements-build.lock -
	@uv pip compile --no-config -q --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command 'make lock' --extra encoder --extra pdf -o requirements.lock pyproject.toml
	@uv pip compile --no-config -q --universal --generate-hashes --python-version 3.11 --extra encoder --extra pdf --extra dev \
		--custom-compile-command 'make lock' -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## remove what these commands made, the demonstration data included
	@rm -rf $(VENV) .venv-train .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .coverage htmlcov
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Heard needs Python 3.11 or newer: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv is missing. Install it: sudo apt-get install -y python3-venv" >&2; exit 1; }
	@echo "Making $(VENV), for Heard alone: with what comes into it this takes some minutes, once"
	@$(PYTHON) -m venv $(VENV)

$(READY): | $(PY)
	@echo "Installing Heard into $(VENV): this takes some minutes, once"
	@$(INSTALL) --require-hashes -r requirements-build.lock
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --editable .
	@rm -f $(VENV)/ready-* && touch $@

$(READY_DEV): $(READY)
	@echo "Installing what the tests need: this takes some minutes, once"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
