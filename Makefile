# Every task of the house. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MEMBERS := protos libraries/chassis libraries/wire libraries/dataplane $(addprefix services/,admin consumption demo_provider discovery fleet gateway publishing relay) clients/cli
STAMP := $(VENV)/.installed
# Imported once after installing, which compiles them: else the first start of the marketplace waits for that.
STARTED := $(addsuffix .compose,admin consumption demo_provider discovery gateway publishing) publishing.compose_worker \
	fleet.__main__ marketplace_cli.__main__ chassis.durable_runs.dbos_worker discovery.embeddings.minilm_model
# Tests start some hundred processes: without its compiled files each would spend seconds on compiling the same again.
unexport PYTHONDONTWRITEBYTECODE

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
	@$(BIN)/python -c "$(foreach m,$(STARTED),import $(m);)"
	@touch $@

# What a call goes through is compiled from these; the list names them.
COMPILED := .compiled/calls.stamp
.PHONY: compile
compile: $(COMPILED) ## Make the modules of the call path into extension modules in .compiled/, for PYTHONPATH (needs a C compiler)

$(COMPILED): $(STAMP) $(wildcard infrastructure/packaging/*compile*) infrastructure/packaging/build_extensions.py $(shell find libraries/wire/wire libraries/dataplane/dataplane -name '*.py' -o -name '*.lua' -o -name '*.cedarschema')
	@$(BIN)/python infrastructure/packaging/compile_calls.py
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
HERMETIC := $(addprefix tests/,architecture unit contract integration simulation end_to_end)

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
check: lint typecheck imports test-architecture test-unit ## All that needs no server: before each commit

# Two pytest at once, because the journeys mostly wait; the rules of the house share what one process parsed.
ONE_PROCESS := $(addprefix tests/,architecture end_to_end)
LONGEST_FIRST := $(addprefix tests/,integration contract unit simulation)
# Counting lines doubles what Python 3.11 has to do. Each part counts in files of its own, joined afterwards.
COVERED = $(if $(COVERAGE),--cov --cov-report= --cov-fail-under=0)
counting = COVERAGE_FILE=$(CURDIR)/.coverage-parts/.coverage.$(1)
# Their cases are made while tests are collected, which each worker would do and then leave out.
NOT_FUZZ := --ignore-glob='*/test_bad_input.py'
TEST_PARTS := test-part-journeys test-part-rest
.PHONY: test
test: $(STAMP) ## Every test that needs no network and no Docker (COVERAGE=1: with the lines that they reach)
	@rm -rf .coverage .coverage-parts && mkdir .coverage-parts
	@$(MAKE) --no-print-directory --keep-going --jobs=$(words $(TEST_PARTS)) $(TEST_PARTS)
ifdef COVERAGE
	@$(BIN)/coverage combine --quiet .coverage-parts
	@$(BIN)/coverage report --skip-covered
else
	@echo "All passed. The same with line coverage: make coverage"
endif

.PHONY: $(TEST_PARTS)
test-part-journeys:
	@$(call counting,journeys) $(call pytest,$(ONE_PROCESS),-q -m "not fleet_fuzz and not engines and not campaign" $(COVERED))

test-part-rest:
	@$(call counting,rest) $(call pytest,$(LONGEST_FIRST),-q -n 3 --dist loadfile --no-loadscope-reorder -m "not fuzz and not engines and not campaign" $(NOT_FUZZ) $(COVERED))

.PHONY: coverage
coverage: $(STAMP) ## The same with line coverage: a table, pages in htmlcov/, a failure below 85 %
	@$(MAKE) --no-print-directory test COVERAGE=1
	@$(BIN)/coverage html --quiet && echo "open htmlcov/index.html"

.PHONY: test-architecture
test-architecture: $(STAMP) ## The rules of the house, as small programs
	@$(call pytest,tests/architecture,-q)

.PHONY: test-unit
test-unit: $(STAMP) ## Rules and actions with fakes, all within 30 s
	@$(call pytest,tests/unit,-q -n 2 --dist loadfile -m "not slow and not campaign")

.PHONY: test-integration
test-integration: $(STAMP) ## Ports and stores on real servers
	@$(call pytest,tests/contract tests/integration,-m "not fuzz and not engines")

.PHONY: test-simulation
test-simulation: $(STAMP) ## The money path under faults, by seeds (SIMULATION_SEED=7: that one alone; SIMULATION_SEEDS=20000: so many)
	@$(call pytest,tests/simulation,$(if $(SIMULATION_SEED),-q -m "not campaign" -k few_seeds,))

.PHONY: test-e2e
test-e2e: $(STAMP) ## The golden journeys through the gateway
	@$(call pytest,tests/end_to_end,-m "not fleet_fuzz and not engines")

.PHONY: test-campaigns
test-campaigns: $(STAMP) ## A sample of the fault campaigns: kills, recalls and rates counted to the call; the whole is `make nightly`
	@$(call pytest,$(HERMETIC),-q -m "campaign and not engines" $(NOT_FUZZ))

.PHONY: test-engines
test-engines: engines-fetch ## The contracts and the journeys on the real Kafka, Elasticsearch and Temporal (fetched when missing)
	@REQUIRE_ENGINES=1 $(call pytest,$(HERMETIC),-q -m engines)
	@REQUIRE_ENGINES=1 JOURNEY_PROFILE=distributed $(call pytest,tests/end_to_end,-q -m "not fuzz and not fleet_fuzz and not engines and not campaign")

.PHONY: nightly
nightly: $(STAMP) ## Kill gateways, workers, PostgreSQL, Kafka and consumers in every phase, simulate 20,000 seeds, fuzz with 50 examples; prints the bounds that this proves
	@CRASH_CAMPAIGN=full CRASH_ROUNDS=$(or $(ROUNDS),1) KILLS_PER_PHASE=5 EVENT_CAMPAIGN=full KILL_CAMPAIGN=full TRACE_REPLAY=full \
		IDEMPOTENCY_ROUNDS=20 QUOTA_CAMPAIGN=full SIMULATION_SEEDS=$(or $(SIMULATION_SEEDS),20000) $(BIN)/python -m pytest tests/end_to_end/test_crashes.py tests/end_to_end/test_ending_doors.py \
		tests/end_to_end/test_vendor_books.py tests/end_to_end/test_idempotency_crash.py tests/integration/consumption/test_exact_quotas.py \
		tests/integration/consumption/test_recalculation_crash.py tests/integration/publishing/test_killed_worker.py \
		tests/contract/event_log/test_event_campaign.py tests/simulation/test_money_path.py
	@FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),50) $(MAKE) --no-print-directory test-fuzz-fleet

# The suites of the call path again, on what `make compile` made of it.
COMPILED_SUITES := $(addprefix tests/,architecture/test_compiled_modules.py unit/wire unit/dataplane unit/gateway contract/http integration/wire integration/dataplane)
COMPILED_JOURNEYS := $(addprefix tests/end_to_end/test_,compiled_gateway.py metering.py refusals.py idempotency.py restart.py)
.PHONY: test-compiled
test-compiled: $(COMPILED) ## The suites of the call path on its compiled modules
	@PYTHONPATH=$(CURDIR)/.compiled $(call pytest,$(COMPILED_SUITES),-q -n 2 --dist loadfile -m "not fuzz and not engines and not campaign")
	@PYTHONPATH=$(CURDIR)/.compiled $(call pytest,$(COMPILED_JOURNEYS),-q -m "not fuzz and not engines and not campaign")
	@PYTHONPATH=$(CURDIR)/.compiled $(call pytest,tests/end_to_end/test_vendor_books.py,-q -m campaign)
	@PYTHONPATH=$(CURDIR)/.compiled $(call pytest,tests/end_to_end/test_fuzz_sockets.py,-q -m fleet_fuzz -k gateway)

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

.PHONY: peers-fetch
peers-fetch: $(STAMP) ## Fetch the gateways that ours is compared with into .peers/ (needs Go; apt-get, npm for theirs)
	@$(BIN)/python tests/performance/consume/fetch_peers.py

.PHONY: bench-consume
bench-consume: $(STAMP) ## Compare our data plane with nginx, Portkey and LiteLLM (ROUNDS=3, PEERS="ours nginx", BENCHMARK_SCALE=smoke)
	@quickest=$$($(BIN)/python tests/performance/consume/interpreter.py); \
	$(MAKE) --no-print-directory PYTHON=$$quickest VENV=.peers/$$($$quickest -c 'import platform; print("python-" + platform.python_version())') compare-gateways

.PHONY: compare-gateways
compare-gateways: peers-fetch
	@$(MAKE) --no-print-directory PYTHON=$(PYTHON) VENV=$(VENV) compile || echo "Our gateway is measured as it is read, interpreted."
	@$(BIN)/python tests/performance/consume

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
