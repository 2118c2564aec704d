# Every task of the house. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MEMBERS := protos libraries/chassis libraries/dataplane $(addprefix services/,admin consumption demo_provider discovery fleet gateway publishing relay) clients/cli
STAMP := $(VENV)/.installed

.PHONY: help
help: ## List the tasks
	@if [ -t 1 ]; then on=$$'\033[36m' off=$$'\033[0m'; else on= off=; fi; \
	grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) \
		| awk -v on="$$on" -v off="$$off" 'BEGIN {FS = ":.*?## "} {printf "  %s%-18s%s %s\n", on, $$1, off, $$2}'

.PHONY: install-deps
install-deps: $(STAMP) ## Make .venv and install every locked package into it

$(STAMP): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python venv failed: install the venv module of Python 3.11 or newer (Debian: python3-venv)" >&2; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infrastructure/packaging/installer.lock
	@echo "Installing the locked packages into $(VENV) (about 800 MB, once) ..."
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
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py $(PROTOS_FLAGS)

# $(call pytest,folders,options): a missing folder is left out, and one without tests is no failure (pytest's status 5).
pytest = $(if $(wildcard $(1)),$(BIN)/python -m pytest $(wildcard $(1)) $(2) || { status=$$?; [ $$status -eq 5 ] || exit $$status; },:); \
	$(if $(wildcard $(1)),:,echo "no such tests yet: $(1)")
HERMETIC := $(addprefix tests/,architecture unit contract integration end_to_end)

.PHONY: format
format: $(STAMP) ## Write every Python file as the formatter would
	@$(BIN)/ruff format

.PHONY: lint
lint: $(STAMP) ## Check format and style, change nothing
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

.PHONY: lint-fix
lint-fix: $(STAMP) ## Mend what can be mended without thought
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: typecheck
typecheck: $(STAMP) ## Check the types, strictly
	@$(BIN)/pyright

.PHONY: imports
imports: $(STAMP) ## Check who imports whom, and that the generated protos are fresh
	@$(BIN)/lint-imports --no-logo
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py --check

.PHONY: check
check: lint typecheck imports test-architecture test-unit ## All that needs no server: what CI runs first

# Two pytest at once, because the journeys mostly wait: each counts lines in files of its own, joined afterwards.
COVERED := --cov --cov-report= --cov-fail-under=0
TEST_PARTS := test-part-journeys test-part-rest
.PHONY: test
test: $(STAMP) ## Every test that needs no network and no Docker, with line coverage
	@rm -rf .coverage .coverage-parts && mkdir .coverage-parts
	@$(MAKE) --no-print-directory --keep-going --jobs=$(words $(TEST_PARTS)) $(TEST_PARTS)
	@$(BIN)/coverage combine --quiet .coverage-parts
	@$(BIN)/coverage report --skip-covered

.PHONY: $(TEST_PARTS)
test-part-journeys:
	@COVERAGE_FILE=$(CURDIR)/.coverage-parts/.coverage.journeys $(call pytest,tests/end_to_end,-q -m "not fleet_fuzz and not engines" $(COVERED))

test-part-rest:
	@COVERAGE_FILE=$(CURDIR)/.coverage-parts/.coverage.rest $(call pytest,$(filter-out tests/end_to_end,$(HERMETIC)),-q -n 4 --dist loadfile -m "not fuzz and not engines" $(COVERED))

.PHONY: test-architecture
test-architecture: $(STAMP) ## The rules of the house, as small programs
	@$(call pytest,tests/architecture,-q)

.PHONY: test-unit
test-unit: $(STAMP) ## Rules and actions with fakes, all within 30 s
	@$(call pytest,tests/unit,-q -m "not slow")

.PHONY: test-integration
test-integration: $(STAMP) ## Ports and stores on real servers
	@$(call pytest,tests/contract tests/integration,-m "not fuzz and not engines")

.PHONY: test-e2e
test-e2e: $(STAMP) ## The golden journeys through the gateway
	@$(call pytest,tests/end_to_end,-m "not fleet_fuzz and not engines")

.PHONY: test-engines
test-engines: engines-fetch ## The contracts and the journeys on the real Kafka, Elasticsearch and Temporal (fetched when missing)
	@REQUIRE_ENGINES=1 $(call pytest,$(HERMETIC),-q -m engines)
	@REQUIRE_ENGINES=1 JOURNEY_PROFILE=distributed $(call pytest,tests/end_to_end,-q -m "not fuzz and not fleet_fuzz and not engines")

.PHONY: nightly
nightly: $(STAMP) ## Kill workers, PostgreSQL, Kafka and consumers in every phase; prints the bounds that this proves
	@CRASH_CAMPAIGN=full CRASH_ROUNDS=$(or $(ROUNDS),1) KILLS_PER_PHASE=5 EVENT_CAMPAIGN=full \
		$(BIN)/python -m pytest tests/end_to_end/test_crashes.py tests/end_to_end/test_gateway_crash.py \
		tests/integration/publishing/test_killed_worker.py tests/contract/event_log/test_event_campaign.py

.PHONY: test-fuzz
test-fuzz: $(STAMP) ## Bad input at every public route, out of its own OpenAPI document
	@$(call pytest,$(HERMETIC),-q -m fuzz)

# Each part ill-treats a marketplace of its own, and looks at what is left in its tables.
FUZZ_PARTS := test-fuzz-part-services test-fuzz-part-gateway test-fuzz-part-bodies
fuzz-part = $(BIN)/python -m pytest -q -m fleet_fuzz $(patsubst %,tests/end_to_end/test_fuzz%.py,$(1))
.PHONY: test-fuzz-fleet
test-fuzz-fleet: $(STAMP) ## Bad input at every document of a whole marketplace, and rubbish on its sockets
	@$(MAKE) --no-print-directory --keep-going --jobs=$(words $(FUZZ_PARTS)) $(FUZZ_PARTS)

.PHONY: $(FUZZ_PARTS)
test-fuzz-part-services:
	@$(call fuzz-part,_services _with_power ed_records)

test-fuzz-part-gateway:
	@$(call fuzz-part,_gateway ed_records)

test-fuzz-part-bodies:
	@$(call fuzz-part,_bodies _sockets ed_records)

.PHONY: test-performance
test-performance: $(STAMP) ## Print the tables of the benchmarks (BENCHMARKS="calls search": only these; BENCHMARK_SCALE=smoke: only prove that they run)
	@$(BIN)/python tests/performance $(BENCHMARKS)

.PHONY: coverage
coverage: test ## The coverage as pages, in htmlcov/
	@$(BIN)/coverage html --quiet && echo "open htmlcov/index.html"

.PHONY: security-scan
security-scan: $(STAMP) ## Look for unsafe calls in the sources (installed packages are held by hash)
	@$(BIN)/ruff check --select S --ignore S101 protos/generate.py libraries services clients

PROFILE ?= embedded
.PHONY: dev
dev: $(STAMP) $(if $(filter distributed,$(PROFILE)),engines) ## Bring up the whole marketplace on this machine, state in .data/ (PROFILE=distributed: on Kafka, Elasticsearch and Temporal)
	@FLEET_PROFILE=$(PROFILE) $(BIN)/marketplace up

.PHONY: engines-fetch
engines-fetch: $(STAMP) ## Fetch Kafka, Elasticsearch and Temporal into .engines/, without Docker (needs Maven, Go, a JDK of 21 or newer)
	@$(BIN)/python -m fleet engines-fetch

.PHONY: engines
engines: engines-fetch ## Run Kafka, Elasticsearch and Temporal in the background, data in .engines/run/
	@$(BIN)/python -m fleet engines-start

.PHONY: engines-stop
engines-stop: $(STAMP) ## End them
	@$(BIN)/python -m fleet engines-stop
