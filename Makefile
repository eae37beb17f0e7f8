# Two commands for a fresh machine: `make demo` and `make test`. Each makes .venv if needed.
# On Windows, without make: python -m venv .venv, then
#   .venv\Scripts\pip install -c constraints.txt -e .        and   .venv\Scripts\sampler-bench demo
#   .venv\Scripts\pip install -c constraints.txt -e .[dev]   and   .venv\Scripts\python -m pytest -m "not slow"
PYTHON ?= python3
BIN := .venv/bin
INPUTS := pyproject.toml constraints.txt

.PHONY: demo test test-guide test-long check format bench clean

demo: .venv/.user
	$(BIN)/sampler-bench demo

WHICH ?= not slow
MORE ?=
WORKERS ?= 2
test: check  ## WHICH="..." chooses other tests, WORKERS=3 how many at once, MORE="..." further words of pytest
	$(BIN)/python -m pytest -m "$(WHICH)" -n $(WORKERS) --dist worksteal $(MORE)

# The guide's commands at full size, kill -9 at 50 moments, repeats, faults, servers, the page in a browser.
test-guide: .venv/.dev
	$(BIN)/python -m pytest -m by_ci -n $(WORKERS) --dist worksteal

test-long: .venv/.dev  ## every long test: 1,000 texts with faults on each engine, all pages, ...
	$(BIN)/python -m pytest -m slow -n $(WORKERS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

RUNS ?= 10
DATA ?=
bench: .venv/.dev  ## RUNS=400 for the full size, DATA=surfaces.parquet for published accuracies
	$(BIN)/python benchmarks/search.py --first 10000 --budgets 60 150 300 1200 --runs $(RUNS) --out results/bench_search.jsonl
	$(if $(DATA),$(BIN)/python benchmarks/search.py --data $(DATA) --runs $(RUNS))
	$(BIN)/python benchmarks/fingerprint.py --runs $(RUNS)
	$(BIN)/python benchmarks/verdict.py --first 10000 --runs $(RUNS)
	$(BIN)/python benchmarks/live.py --searches 3

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/.user: .venv/bin/pip $(INPUTS)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/.dev: .venv/bin/pip $(INPUTS)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@ .venv/.user

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
