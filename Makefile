# One command for each thing a newcomer wants to do. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench clean

export UV_PROJECT_ENVIRONMENT := .venv
# Trust what the machine trusts, a company's own certificates included; older versions of uv know the second name.
export UV_SYSTEM_CERTS := true
export UV_NATIVE_TLS := true
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

PYTHON ?= python3
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
STAMP := .venv/.installed
RUN := .venv/bin/

help:
	@echo "make demo       build a catalog of real prices, run the whole firm on it, write a tearsheet"
	@echo "make test       style, types, import contracts and tests (under 6 minutes)"
	@echo "make test-all   the above and the long tests"
	@echo "make lint       style, types and import contracts alone"
	@echo "make bench      speed of the engine, the firm, its models, its orders, a sweep, a session and the data room"
	@echo "make clean      remove the environment, caches, the catalog and past runs"

.uv/bin/uv:
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv

$(STAMP): pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@$(UV) sync --quiet --locked --extra demo --extra dev --extra research
	@touch $@

demo: $(STAMP)
	@$(RUN)firm catalog demo
	@$(RUN)python backtests/demo.py

test: lint
	@$(RUN)pytest -n auto --dist worksteal

test-all: lint
	@$(RUN)pytest -n auto --dist worksteal -m "slow or not slow"

lint: $(STAMP)
	@$(RUN)ruff check .
	@$(RUN)ruff format --check .
	@$(RUN)basedpyright --level error
	@$(RUN)lint-imports

bench: $(STAMP)
	@$(RUN)python tests/bench/bench.py
	@$(RUN)python -m tests.bench.models
	@$(RUN)python -m tests.bench.risk
	@$(RUN)python -m tests.bench.risk_desk
	@$(RUN)python -m tests.bench.ten_agents
	@$(RUN)python -m tests.bench.sweep
	@$(RUN)python tests/bench/ingest.py
	@$(RUN)python -m tests.bench.live
	@$(RUN)python -m tests.bench.parents
	@$(RUN)python -m tests.bench.kill

clean:
	rm -rf .venv .uv .pytest_cache .ruff_cache .hypothesis runs
	find catalog -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
