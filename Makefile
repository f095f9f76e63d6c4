# Needs python3 (3.11 or newer), make and a Python package registry; all else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the environment holds is recorded here: it is made again only if one of these files changed.
INSTALLED := $(VENV)/.installed
SOURCES := sdk lambdas cdk deployment tests examples benchmarks docs

# The infrastructure's 430 MB are for those who work on it: the demo does without.
CDK_INSTALLED := $(VENV)/.installed-cdk

# The site is built without importing the package, so it needs none of its dependencies.
DOCS := $(VENV)-docs
DOCS_INSTALLED := $(DOCS)/.installed

# A process a core, each with a local AWS of its own; ARGS="-n 0" runs tests in one, as --pdb needs.
SIDE_BY_SIDE := -n auto --maxprocesses 4

# A shell that was set up for another project does not reach into this one's environment.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONSAFEPATH
unexport PYTEST_ADDOPTS PYTEST_PLUGINS MYPYPATH VIRTUAL_ENV
unexport PIP_PREFIX PIP_ROOT PIP_TARGET PIP_USER PIP_CONSTRAINT PIP_REQUIREMENT

.DEFAULT_GOAL := help
.PHONY: help install demo fraud deploy-local test test-fast soak soak-steps check hooks format benchmark synth docs pictures conformance lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Make .venv, with every dependency as constraints.txt pins it

demo: $(INSTALLED) ## Run the flights example on an AWS inside one process
	$(BIN)/skewless demo --catalog build/catalog

fraud: $(INSTALLED) ## Run the fraud example: what a skewed mean costs a model
	PYTHONPATH=.:sdk $(BIN)/python -m examples.fraud

deploy-local: $(INSTALLED) $(CDK_INSTALLED) ## Deploy the stacks to a local AWS and use them (needs node)
	PYTHONPATH=.:sdk $(BIN)/python -m deployment $(ARGS)

test: $(INSTALLED) $(CDK_INSTALLED) ## Run all tests; ARGS="-k words" goes to pytest
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-fast: $(INSTALLED) ## Run what gives a verdict within a minute: few examples, nothing deployed
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow" --hypothesis-profile=fast $(ARGS)

soak: $(INSTALLED) ## Interleave operations until stopped; SKEWLESS_SEED=... plays one run again
	$(BIN)/python -m tests.order

soak-steps: $(INSTALLED) ## Interrupt operations at every single call to AWS (an hour or more)
	SKEWLESS_STRIDE=1 $(BIN)/python -m pytest tests/store/test_side_by_side.py \
		tests/store/test_clocks.py $(ARGS)

check: $(INSTALLED) $(CDK_INSTALLED) ## Check style, types, layers and spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

hooks: $(INSTALLED) ## Have git check each commit: see .pre-commit-config.yaml
	$(BIN)/prek install

format: $(INSTALLED) ## Put the code into shape, as far as a program can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

benchmark: $(INSTALLED) ## Measure beside peers (hours); ARGS=smoke, small, mid, latest, curves ...
	PYTHONPATH=.:sdk $(BIN)/python -m benchmarks $(ARGS)

synth: $(INSTALLED) $(CDK_INSTALLED) ## Render the stacks, reviewed by cdk-nag (needs node)
	$(BIN)/python -m cdk.app

docs: $(DOCS_INSTALLED) ## Build the site of docs/ into build/site, with every link checked
	$(PYTHON) -m docs.site.assemble build/docs
	$(DOCS)/bin/zensical build --clean --strict
	@echo "Open build/site/index.html; for the search: python3 -m http.server -d build/site"

pictures: $(INSTALLED) ## Draw the pictures of README and docs anew, from real runs
	PYTHONPATH=.:sdk $(BIN)/python -m docs.pictures $(ARGS)

conformance: $(INSTALLED) ## Prove it on DynamoDB Local and Trino (needs Maven and a JDK 25)
	$(BIN)/python -m tests.conformance $(ARGS)

lock: ## Write constraints.txt anew, from the newest versions that go together
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --upgrade pip setuptools
	$(VENV)-lock/bin/python -m pip install \
		--editable '.[cli,demo,local,training]' --group dev --group cdk --group docs
	$(VENV)-lock/bin/python -m pip freeze --all --exclude-editable > constraints.txt
	rm -rf $(VENV)-lock

clean: ## Remove whatever was made here
	rm -rf $(VENV) $(VENV)-lock $(DOCS) build cdk.out dist sdk/*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .skewless
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# What is imported is compiled then: to compile all of it here would take most of the time.
# pip comes first: the one that a new venv holds may be too old to know dependency groups.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "skewless needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making $(VENV): 1.5 GB, some two minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt \
		--build-constraint constraints.txt \
		--editable '.[cli,demo,local,training]' --group dev
	@touch $@

$(VENV)/.installed-cdk: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --group cdk
	@touch $@

$(DOCS_INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(DOCS)/bin/python -m pip install --quiet --constraint constraints.txt --group docs
	@touch $@
