# make demo   renders the bundled example to demo/ as HTML, PDF and JSON
# make test   runs ruff, mypy and all tests
#
# make coverage  runs all tests and names the lines and branches that none of them takes
# make mutation  breaks findings, comparison and formula in every small way and names the changes that no test notices
# make picture   draws the first pages of the report for the README
#
# All do their own set-up, on a new Debian 12 or 13 too: system libraries, a virtual environment in .venv, the package.
# A second run finds the stamp files and starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

PDF_LIBRARIES := libpangoft2-1.0-0 libharfbuzz-subset0
TEST_PROGRAMS := poppler-utils chromium
# The rules of accessibility, axe-core, as a package carries them; the browser it would drive is not needed.
AXE := axe-playwright-python==0.1.8
MUTATION := mutmut==3.8.1
PYTEST_OPTIONS ?= -n 2 --dist loadfile

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo picture test lowest lint types tests quick coverage mutation format benchmarks clean

help:
	@sed -n 's/^# make /make /p' Makefile

demo: $(VENV)/.package
	@$(BIN)/reportgen demo --out demo

test: lint types tests

lint: $(VENV)/.development
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.development
	$(BIN)/mypy

tests: $(VENV)/.development
	$(BIN)/pytest $(PYTEST_OPTIONS)

lowest:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "the lowest versions of the libraries run on Python 3.11 and 3.12 only: make lowest PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(LOWEST)
	@$(PYTHON) tools/lowest-versions > $(LOWEST)/versions.txt
	@echo 'Installing the lowest versions that pyproject.toml allows'
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' --constraint $(LOWEST)/versions.txt
	$(LOWEST)/bin/pytest -m 'not slow' -o filterwarnings=default $(PYTEST_OPTIONS)

quick: $(VENV)/.development
	$(BIN)/pytest -m 'not slow' $(PYTEST_OPTIONS)

coverage: $(VENV)/.development
	@rm -rf .coverage && mkdir .coverage
	$(BIN)/coverage run -m pytest $(PYTEST_OPTIONS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

mutation: $(VENV)/.development
	@$(PIP_INSTALL) $(MUTATION)
	$(BIN)/mutmut run
	$(BIN)/mutmut results

format: $(VENV)/.development
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

picture: $(VENV)/.development
	$(BIN)/python examples/dragons/picture.py

benchmarks: $(VENV)/.development
	$(BIN)/python tests/benchmarks/startup.py
	$(BIN)/python tests/benchmarks/report.py
	$(BIN)/python tests/benchmarks/in_memory.py
	$(BIN)/python tests/benchmarks/parquet.py
	$(BIN)/python tests/benchmarks/growth.py
	$(BIN)/python tests/benchmarks/safety.py

clean:
	rm -rf demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage mutants $(VENV) $(LOWEST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "reportgen needs Python 3.11 or newer as $(PYTHON); another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh tools/debian-packages 'virtual environments' python3-venv
	@echo 'Making the virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) -m venv failed: its message stands above" >&2; exit 1; }

$(VENV)/.package: pyproject.toml | $(BIN)/python
	@sh tools/debian-packages 'to write PDF' $(PDF_LIBRARIES)
	@echo 'Installing reportgen and the libraries it uses (a few minutes the first time)'
	@$(PIP_INSTALL) --editable . || { echo 'pip could not install reportgen: its message stands above' >&2; exit 1; }
	@touch $@

$(VENV)/.development: $(VENV)/.package
	@sh tools/debian-packages 'for the tests' $(TEST_PROGRAMS)
	@echo 'Installing what the tests use'
	@$(PIP_INSTALL) --editable '.[dev]' || { echo 'pip could not install the test tools: its message stands above' >&2; exit 1; }
	@$(PIP_INSTALL) --no-deps --upgrade --target $(VENV)/axe $(AXE) || { echo 'pip could not fetch the rules of accessibility: its message stands above' >&2; exit 1; }
	@touch $@
