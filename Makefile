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
	@echo "make bench      measure against limits and peers (make bench-quick: under a minute)"
	@echo "make lint       format check and static analysis"
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

bench: build
	@$(BUILD)/tests/bench/portico-bench

bench-quick: build
	@$(BUILD)/tests/bench/portico-bench --quick

lint:
	@scripts/setup scripts/packages.txt scripts/packages-lint.txt
	@$(MAKE) build
	@scripts/lint $(BUILD)

install: build
	@meson configure $(BUILD) -Dprefix=$(PREFIX) && ninja -C $(BUILD) --quiet
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild --quiet

clean:
	rm -rf build build-* build.log

.PHONY: all help setup build demo test check conformance bench bench-quick lint install clean
