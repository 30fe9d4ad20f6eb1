# Every target sets up what it needs first; the set-up is skipped in a blink when nothing changed.
# Extra arguments: make run ARGS="--fresh", make test ARGS="tests/domain -x".

PYTHON ?= python3
BIN    := .venv/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all check format bench chaos coverage catalogue reference lock chromium postgresql interop clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## install everything into .venv (quick when nothing changed)
	@PYTHON="$(PYTHON)" scripts/setup.sh

run: setup  ## start the server, its developer inbox and the demo application
	@exec $(BIN)/latchstring dev $(ARGS)

test: setup chromium postgresql interop  ## run the tests, quick profile
	@scripts/test.sh $(ARGS)

test-all: setup chromium postgresql interop  ## run the tests, full profile
	@LATCHSTRING_TEST_PROFILE=full scripts/test.sh $(ARGS)

check: setup  ## format, lint, types, floors, templates, spelling, catalogue
	@scripts/check.sh

format: setup  ## rewrite the source in the house format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: setup  ## measure sign-ins beside peers and bare limits (ARGS=--quick takes 3 minutes)
	@scripts/bench.sh $(ARGS)

chaos: setup postgresql  ## break things on purpose, about an hour (ARGS=--short takes minutes)
	$(BIN)/python -m chaos $(ARGS)

coverage: setup chromium postgresql interop  ## run the tests and refuse less than 95 % coverage
	$(BIN)/coverage erase
	@scripts/test.sh --cov --cov-append --cov-report= $(ARGS)
	$(BIN)/coverage report

catalogue: setup  ## collect the strings of the source into the gettext catalogues
	$(BIN)/python scripts/catalogue.py extract

reference: setup  ## write docs/reference from the settings and commands
	$(BIN)/python scripts/reference.py

lock:  ## rewrite requirements/*.txt (UPGRADE=--upgrade takes newer versions)
	PYTHON="$(PYTHON)" scripts/lock.sh $(UPGRADE)

chromium:  ## make sure the browser tests have a browser
	@scripts/chromium.sh

postgresql:  ## make sure the tests have PostgreSQL and what stands around it
	@scripts/postgresql.sh server pgbouncer haproxy faketime

interop:  ## make sure the tests have Node.js and the clients and examples that npm provides
	@scripts/interop.sh
	@scripts/examples.sh

clean:  ## remove what can be made again, .venv included; keeps .latchstring
	rm -rf .venv tests/interop/node/node_modules examples/*/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist
	find src -name '*.mo' -delete
