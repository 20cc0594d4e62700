# SPDX-License-Identifier: MIT
# The two commands are `make demo` and `make test`; each does everything from a fresh Debian 12.
BUILD ?= build
PREFIX ?= /usr/local
MAKEFLAGS += --no-print-directory

all: build

help:
	@echo "make demo       build and show Portico at work (ends by itself)"
	@echo "make test       build and run every test (gcc, clang, sanitizers, valgrind)"
	@echo "make build      configure and build into $(BUILD)/"
	@echo "make check      the gcc build's tests alone"
	@echo "make conformance each numbered case of the specification: pass or fail"
	@echo "make hostile    the hostile cases at full counts, plain and with the address sanitizer"
	@echo "make bench      measure against limits and peers (make bench-quick: under a minute)"
	@echo "make kill       kill hosts, clients and registries under load (N=1000 each, SECONDS=0: no limit)"
	@echo "make lint       format check and static analysis"
	@echo "make check-models the protocols of shared memory, by spin"
	@echo "make faults     every call that can fail does, in clients, registry, hosts and tools (build-faults/)"
	@echo "make coverage   which lines and branches the tests reach (build-coverage/)"
	@echo "make mutants    take each protection of docs/security.md away and see a test fail"
	@echo "make fuzz T=60  each fuzz target for T seconds (libFuzzer, then AFL++ for a quarter)"
	@echo "make install    install to DESTDIR/PREFIX ($(PREFIX))"
	@echo "make clean      remove the build folders"

setup:
	@scripts/setup

$(BUILD)/build.ninja: | setup
	@meson setup $(BUILD) --prefix $(PREFIX) >$(BUILD).log 2>&1 || \
		{ tail -n 30 $(BUILD).log; echo "configure failed; the whole log is in $(BUILD).log"; exit 1; }
	@rm -f $(BUILD).log

build: setup $(BUILD)/build.ninja
	@echo "build: compiling into $(BUILD)/"
	@ninja -C $(BUILD) --quiet

demo: build
	@scripts/demo $(BUILD)

test: setup
	@scripts/test

check: build
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs

conformance: build
	@scripts/conformance $(BUILD) --json $(BUILD)/conformance.json

hostile: setup $(BUILD)/build.ninja
	@test -e $(BUILD)-asan/build.ninja || meson setup $(BUILD)-asan -Db_sanitize=address -Doptimization=1 -Ddebug=false -Dc_args="-g1 -fsanitize=undefined -fsanitize-undefined-trap-on-error" >$(BUILD).log
	@scripts/hostile --full $(BUILD) $(BUILD)-asan --json $(BUILD)/hostile.json

# Peers that cannot be installed are missing from the table, which says so. Meson is asked to look for them again.
bench-build: build
	@scripts/setup scripts/packages-bench.txt || echo "bench: without the peers whose packages are missing"
	@scripts/bench-dpdk $(BUILD)/dpdk || true
	@meson configure $(BUILD) -Dbench_peers=true && ninja -C $(BUILD) --quiet >$(BUILD)/bench-build.log || \
		{ tail -n 30 $(BUILD)/bench-build.log; exit 1; }

bench: bench-build
	@$(BUILD)/tests/bench/portico-bench --json $(BUILD)/bench.json

bench-quick: bench-build
	@$(BUILD)/tests/bench/portico-bench --quick --json $(BUILD)/bench.json

# Killing goes on where an earlier run had to end: $(BUILD)/kill.state carries the figures.
N ?= 1000
SECONDS ?= 0
kill: build
	@$(BUILD)/tests/kill/portico-kill --hosts $(N) --clients $(N) --registries $$(($(N) / 50)) \
		--cycles $$((2 * $(N))) --step $$(($(N) < 10000 ? 23 : 1)) --seconds $(SECONDS) --state $(BUILD)/kill.state

lint:
	@scripts/setup scripts/packages.txt scripts/packages-lint.txt
	@$(MAKE) build
	@scripts/lint $(BUILD)

mutants: setup
	@scripts/mutants

check-models:
	@scripts/setup scripts/packages.txt scripts/packages-lint.txt
	@scripts/check-models

faults: setup
	@scripts/faults

coverage:
	@scripts/setup scripts/packages.txt scripts/packages-coverage.txt
	@scripts/coverage

# FUZZ: options of scripts/fuzz, say --engine=afl, and names of targets.
fuzz:
	@scripts/setup scripts/packages.txt scripts/packages-fuzz.txt
	@scripts/fuzz --time $(or $(T),60) $(FUZZ)

install: build
	@meson configure $(BUILD) -Dprefix=$(PREFIX) && ninja -C $(BUILD) --quiet
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild --quiet

clean:
	rm -rf build build-* build.log

.PHONY: all help setup build demo test check conformance hostile bench bench-build bench-quick kill lint check-models \
	faults coverage mutants fuzz install clean
