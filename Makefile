# Headroom. `make demo` shows it, `make test` tests it; both fetch what they need first.

CARGO ?= cargo
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
PYTEST_ARGS ?=
# Anything but empty: trust that all tools are there.
SKIP_SETUP ?=

TARGET := $(or $(CARGO_TARGET_DIR),target)
WEB := service/web
WEB_STAMP := $(WEB)/node_modules/.package-lock.json

# With an empty HOME, rustup's cargo does not find the toolchains that lie beside it.
ifeq ($(RUSTUP_HOME)$(wildcard $(HOME)/.rustup/toolchains/*),)
BESIDE := $(wildcard $(dir $(shell command -v $(CARGO) 2>/dev/null))../../.rustup/toolchains)
ifneq ($(BESIDE),)
export RUSTUP_HOME := $(abspath $(BESIDE)/..)
endif
endif

# Recordings and protocol examples are no part of the project. Tests that read them find them here, and say so otherwise;
# by default in a folder beside the clone that has them.
export HEADROOM_DATA ?= $(abspath $(patsubst %/sessions,%,$(firstword $(wildcard ../*/data/sessions))))
export HEADROOM_OCPI ?= $(abspath $(patsubst %/INDEX.json,%,$(firstword $(wildcard ../*/ocpi/INDEX.json))))

# Random tests draw the same every time; PROPTEST_RNG_SEED=2 draws others.
export PROPTEST_RNG_SEED ?= 1

.PHONY: help demo test bench wheel setup setup-build web
.DEFAULT_GOAL := help

help:
	@echo 'make demo    build, run a day of a site in two minutes and show it on a page'
	@echo '             DEMO_ARGS="--headless --speed 1440": arguments of `headroom demo`'
	@echo 'make test    all tests; TEST_ARGS="-p headroom-domain": arguments of `cargo test`, leaves out scripts/test-*;'
	@echo '             PYTEST_ARGS="-k notebook": of the Python package'
	@echo 'make bench   speed and plan quality; BENCH_ARGS: arguments of the benches'
	@echo 'make wheel   the Python package for analysts, as a wheel (python/README.md)'
	@echo 'make web     fetch the chart library of the page'
	@echo 'make setup   install what building and testing need beside Rust (apt-get)'
	@echo
	@echo 'SKIP_SETUP=1 leaves out the look for missing tools; CARGO_TARGET_DIR moves the build.'

# `--bench '*'` makes cargo choose the same features of dependencies as `cargo test` does, so that the two share one build.
demo: setup-build web
	$(CARGO) build --locked --workspace --bins --bench '*'
	$(TARGET)/debug/headroom demo $(DEMO_ARGS)

test: setup web
	cd $(WEB) && npm test
	$(CARGO) test --locked --workspace $(TEST_ARGS)
	CARGO='$(CARGO)' scripts/python test $(PYTEST_ARGS)
	$(if $(TEST_ARGS),,scripts/test-deploy)
	$(if $(TEST_ARGS),,scripts/test-utility-client)

bench: setup-build web
	$(CARGO) bench --locked --workspace --profile dev --bench '*' -- $(BENCH_ARGS)

wheel:
	@$(if $(SKIP_SETUP),:,CARGO='$(CARGO)' scripts/setup wheel)
	CARGO='$(CARGO)' scripts/python wheel

setup:
	@$(if $(SKIP_SETUP),:,CARGO='$(CARGO)' scripts/setup test)

setup-build:
	@$(if $(SKIP_SETUP),:,CARGO='$(CARGO)' scripts/setup build)

web: $(WEB_STAMP)

# The tools that this needs are looked for first, without being a reason to fetch again.
$(WEB_STAMP): $(WEB)/package.json $(WEB)/package-lock.json | $(if $(filter test setup,$(MAKECMDGOALS)),setup,setup-build)
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
