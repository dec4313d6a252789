# Each target is a line or two that calls a tool. `make help` lists them.

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
# As many test processes as there are cores, up to four: each starts servers of its own.
JOBS ?= auto

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(READY) ## Make .venv and install the project in it (.venv/bin/postroom)

$(READY): pyproject.toml scripts/setup
	@scripts/setup
	@touch $(READY)

.PHONY: packages
packages: ## Install the Debian packages that the tests need, or say which are missing
	@scripts/debian-packages

.PHONY: demo
demo: setup ## Show the whole round: mail in, e-mail activities, replies out; needs no server
	@$(BIN)/postroom demo

.PHONY: test
test: packages setup ## Run every test, against real Dovecot, Postfix and PostgreSQL too
	@$(BIN)/pytest -n $(JOBS) --maxprocesses 4 --dist loadfile || { code=$$?; \
		test $$code -ne 5 || echo "No test was found, which is a fault and no success." >&2; exit $$code; }

.PHONY: check
check: lint types arch test ## Do all that CI does: lint, types, import contracts, tests

.PHONY: fast
fast: setup ## Run the unit tests only: pure or in memory, a few seconds
	@$(BIN)/pytest tests/unit

.PHONY: lint
lint: setup ## Look for lint and unformatted files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: format
format: setup ## Format all files and mend what lint can mend by itself
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

.PHONY: types
types: setup ## Check types with mypy, strict
	@$(BIN)/mypy

.PHONY: arch
arch: setup ## Check the import contracts of .importlinter
	@$(BIN)/lint-imports --no-logo

.PHONY: map
map: setup ## Print the map of the modules: the first line of every docstring
	@$(BIN)/python -m scripts.map

.PHONY: docs
docs: setup ## Write the parts of docs/ that are made from the code
	@$(BIN)/python -m scripts.docs

.PHONY: bench
bench: packages setup ## Measure ingest and sending against Dovecot and smtp-sink, as ratios
	@$(BIN)/python -m bench

.PHONY: migration
migration: setup ## Write a migration from the declared schema: make migration NAME="what changes"
	@test -n "$(NAME)" || { echo 'Say what changes: make migration NAME="add a column"'; exit 2; }
	@$(BIN)/python -m scripts.migration "$(NAME)"

.PHONY: clean
clean: ## Remove .venv and everything that tools have left
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
