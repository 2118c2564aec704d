# Every task of the house. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MEMBERS := protos libraries/chassis libraries/dataplane $(addprefix services/,admin consumption demo_provider discovery fleet gateway publishing) clients/cli
STAMP := $(VENV)/.installed

.PHONY: help
help: ## List the tasks
	@grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*?## "} {printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}'

.PHONY: install-deps
install-deps: $(STAMP) ## Make .venv and install every locked package into it

$(STAMP): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python venv failed: install the venv module of Python 3.11 or newer (Debian: python3-venv)" >&2; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infrastructure/packaging/installer.lock
	@echo "Installing the locked packages into $(VENV) (about 650 MB, once) ..."
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix --editable ./,$(MEMBERS))
	@touch $@

.PHONY: lock
lock: ## Resolve requirements.lock anew
	@$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --overrides infrastructure/packaging/overrides.txt \
		--group pyproject.toml:dev $(addsuffix /pyproject.toml,$(MEMBERS)) \
		$(foreach m,$(MEMBERS),--no-emit-package marketplace-$(subst _,-,$(notdir $(m)))) -o requirements.lock
	@grep -A40 '^uv==' requirements.lock | awk '/^uv==/{p=1;print;next} /^[a-z]/{p=0} p' > infrastructure/packaging/installer.lock

.PHONY: protos
protos: $(STAMP) ## Generate the message and service classes
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py
