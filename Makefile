# A front for CMake: CMakePresets.json says how things are built, build/PRESET is where.

PREFIX ?= /usr/local
ARGS ?=
export CTEST_PARALLEL_LEVEL ?= $(shell getconf _NPROCESSORS_ONLN)

program := build/release/bin/microgpt

# Building talks on standard error: standard output belongs to what is run. On a terminal ninja
# shows its progress in one line; elsewhere it says nothing, if it knows how (1.11).
quiet = $(shell test ! -t 2 && ninja --quiet --version > /dev/null 2>&1 && echo -- --quiet)
build = cmake --build --preset $(1) $(2) $(quiet) >&2

.DEFAULT_GOAL := release
# Ninja uses all processors; two package managers at once would wait for, or fail on, each other.
.NOTPARALLEL:
.PHONY: release run test bench lab lab-site pictures book wheel npm-package install format clean help packages-run packages-test packages-bench packages-lab packages-wheel

release: build/release/build.ninja ## Build the library and the program (the default)
	@$(call build,release)

run: build/release/build.ninja ## Train on the names, then invent some; ARGS="..." goes to `microgpt train`
	@$(call build,release,--target microgpt_program)
	@$(program) train $(ARGS)

# The lab is tested where there is a Node that can make its page, and where the rest can be had.
new_node = node -e 'const [a, b] = process.versions.node.split("."); process.exit(a >= 24 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2> /dev/null

test: packages-test ## Run all tests, under sanitizers and as users run it
	@cmake --preset dev > /dev/null
	@$(call build,dev)
	@ctest --preset dev
	@cmake --preset release -D MICROGPT_BUILD_TESTS=ON > /dev/null
	@$(call build,release,--target microgpt_program)
	@if ! $(new_node); then echo 'no Node 20.19, 22.12 or newer: the web lab is left out of the tests' >&2; \
		elif ! tools/install_packages lab-test; then echo 'the web lab is left out of the tests' >&2; \
		else $(MAKE) --no-print-directory lab-site; fi
	@cmake --preset release > /dev/null
	@$(call build,release)
	@ctest --preset release

bench: packages-bench build/bench/build.ninja ## Measure; ARGS="..." goes to the benchmark program
	@$(call build,bench)
	@build/bench/bin/microgpt_bench $(ARGS)
	@python3 bench/side_by_side.py build/bench/bin

lab: lab-site ## Build the web lab into the program and serve it; ARGS="..." goes to `microgpt lab`
	@$(call build,release,--target microgpt_program)
	@$(program) lab $(ARGS)

# The page's build asks the program for its numbers; then the program takes the page in.
lab-site: packages-lab build/release/build.ninja build/wasm/build.ninja lab/node_modules/.package-lock.json
	@$(call build,release,--target microgpt_program)
	@$(call build,wasm)
	@npm --prefix lab run --silent build -- --out '$(CURDIR)/build/lab/site' >&2

pictures: lab-site ## Pictures of every chapter of the lab, in build/lab/pictures
	@node lab/tests/page/figures.mjs build/lab/pictures

build/wasm/build.ninja: | packages-lab

lab/node_modules/.package-lock.json: lab/package-lock.json | packages-lab
	@npm --prefix lab ci --no-audit --no-fund >&2
	@touch $@

book: build/release/build.ninja ## Write docs/book from book/, with the numbers filled in
	@$(call build,release,--target microgpt_program)
	@$(program) explain --book docs/book

wheel: packages-wheel build/release/build.ninja ## Write the Python package, in build/release/wheel
	@cmake --preset release > /dev/null
	@$(call build,release,--target microgpt_wheel)
	@ls build/release/wheel/*.whl

npm-package: build/wasm/build.ninja lab/node_modules/.package-lock.json ## Write the npm package, in build/npm
	@$(call build,wasm)
	@node bindings/npm/build.mjs

install: release ## Install below PREFIX (/usr/local)
	@cmake --install build/release --prefix '$(PREFIX)'

format: ## Format the C++ sources as .clang-format says
	@find include src apps bindings ladder tests fuzz bench examples -name '*.h' -o -name '*.cpp' | xargs clang-format -i

clean: ## Remove what was built
	@rm -rf build

help: ## Show this
	@echo 'usage: make [TARGET]'
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  %-11s %s\n", $$1, $$2 }'

build/%/build.ninja: CMakePresets.json | packages-run
	@cmake --preset $* > /dev/null
	@touch $@

packages-run packages-test packages-bench packages-lab packages-wheel: packages-%:
	@tools/install_packages $*
