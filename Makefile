# `make up` starts the platform, `make test` runs the tests. Both make the environment `.venv` in this folder on first use,
# from a lock file with hashes. Any target takes more arguments: make up ARGS="--port 9000"
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# One worker for each processor; each starts a database of its own, so not without end.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4
UV := 0.13.9

.PHONY: up local test check torture docs lock clean

up: .venv/.ready
	@$(BIN)/python -m agentic up $(ARGS)

# The local model: its engine from the lock, and its file, which no requirement can bring (decision record 0018).
local: .venv/.ready
	@$(PIP) --require-hashes --requirement requirements-local.lock
	@$(BIN)/python -m agentic models install-local

test: .venv/.ready-for-tests
	$(PYTEST) $(ARGS)

check: .venv/.ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

torture: .venv/.ready-for-tests
	AGENTIC_KILLS=50 $(BIN)/python -m pytest -o faulthandler_timeout=0 -s tests/faults/test_kills.py tests/faults/test_platform_kills.py $(ARGS)
	AGENTIC_KILLS=300 $(BIN)/python -m pytest -o faulthandler_timeout=0 -s tests/faults/test_run_kills.py $(ARGS)

docs: .venv/.ready
	$(BIN)/python -m agentic.platform.commands.errors > docs/errors.md

# Versions and hashes for every platform. The tests' lock is the platform's and more.
lock: .venv/.ready
	$(BIN)/python -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV)
	$(call COMPILE,requirements.lock,)
	$(call COMPILE,requirements-local.lock,--extra local --constraints requirements.lock)
	$(call COMPILE,requirements-dev.lock,--extra test --extra dev --constraints requirements.lock)

COMPILE = .venv/lock/bin/uv pip compile pyproject.toml --quiet --group build $(2) --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock" --output-file $(1) $(ARGS)

clean:
	rm -rf .venv

.venv/.ready: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what the platform needs (once)…"
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q agentic
	@touch $@

.venv/.ready-for-tests: requirements-dev.lock .venv/.ready
	@echo "Installing what the tests need (once)…"
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -m agentic models install-local
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
