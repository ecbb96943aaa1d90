# make run · make test · make test-e2e · make test-postgres · make test-tickets · make check · make bench · make bench-central · make bench-printing · make bench-tickets · make campaign · make lock
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

.PHONY: run test test-e2e test-postgres test-tickets check bench bench-central bench-printing bench-tickets campaign lock clean format

run: $(VENV)/run.stamp
	@$(BIN)/python -m kiosk

# Written bytecode, whatever the shell says: else each of the hundred programs that tests start compiles the kiosk anew.
test: $(VENV)/dev.stamp
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --ignore tests/e2e

# The whole program in a terminal, as somebody sits at it: what takes longest, and waits most.
test-e2e: $(VENV)/dev.stamp
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest tests/e2e

test-postgres: $(VENV)/dev.stamp
	$(BIN)/python -m tests.support.postgres $(BIN)/python -m pytest tests/central

test-tickets: $(VENV)/dev.stamp
	KIOSK_TICKET_EVERY_BIT=1 KIOSK_TICKET_WHOLE=1 $(BIN)/python -m pytest \
	  tests/tickets/test_token.py tests/printing/test_signed_qr.py

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench

bench-central: $(VENV)/dev.stamp
	$(BIN)/python -m bench.central

bench-printing: $(VENV)/dev.stamp
	$(BIN)/python -m bench.printing

bench-tickets: $(VENV)/dev.stamp
	$(BIN)/python -m bench.tickets

# N runs from number FIRST on, or the one of number RUN with its whole timeline.
N ?= 300
FIRST ?= 1
campaign: $(VENV)/dev.stamp
	$(BIN)/python -m campaign --runs $(N) --first $(FIRST) $(if $(RUN),--run $(RUN))

# Only where versions are chosen: resolves for every platform and Python from 3.11 on.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: \
	  --generate-hashes --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: \
	  --generate-hashes --no-annotate --custom-compile-command "make lock" -c requirements.lock \
	  --group dev pyproject.toml -o requirements-dev.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing what the kiosk needs (once)…"
	$(PIP_INSTALL) -r requirements.lock
	touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml $(VENV)/run.stamp
	$(PIP_INSTALL) -r requirements-dev.lock
	touch $@
