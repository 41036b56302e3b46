# make demo [BUDGET=4m] [OUT=runs/demo]   train, generate and judge on real pictures, then open the report
# make test                               every test, on all cores
# make bench NAME=images_quality          one benchmark: prints a table, writes benchmarks/results/
# make lint                               formatting, types and the arrows between packages
# Each makes .venv by itself when it is missing or out of date.

VENV   := .venv
PYTHON := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
BASE   := $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' >/dev/null 2>&1 && echo python3.11 || echo python3)
BUDGET ?= 4m
OUT    ?= runs/demo
BENCHMARKS := $(filter-out __init__ record readme_table,$(basename $(notdir $(wildcard benchmarks/*.py))))

.PHONY: demo test bench named lint clean
.DEFAULT_GOAL := test

# torch goes first and by its exact version: where pip is offered a CPU build of that version it takes it (a local version,
# 2.13.0+cpu, ranks above 2.13.0), and nothing that follows can pull gigabytes of CUDA in by accident.
$(STAMP): pyproject.toml constraints.txt
	$(BASE) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "vivogan needs Python 3.11 or newer; %s is %d.%d" % (sys.executable, v[0], v[1]))'
	test -x $(PYTHON) || $(BASE) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP)
	$(VENV)/bin/vivogan demo --budget $(BUDGET) --out $(OUT)

test: $(STAMP)
	$(PYTHON) -m pytest -n auto --dist loadfile

bench: named $(STAMP)
	$(PYTHON) -m benchmarks.$(NAME)

named:
	@test -n '$(NAME)' || { echo 'say which: make bench NAME=…, one of: $(BENCHMARKS)' >&2; exit 2; }

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
