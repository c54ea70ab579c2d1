# The two commands for a fresh machine: `make demo` and `make test`. Each does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The pinned Node 24 comes as an npm package, so whatever Node the machine has is only needed to run npm.
INSTALLED := node_modules/.package-lock.json
BUILT := dist/.built
LOOM := node_modules/.bin/node dist/cli/main.js

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

$(BUILT): $(INSTALLED) tsconfig.json tsconfig.build.json $(shell find src -name '*.ts' 2>/dev/null)
	npm run --silent build
	@touch $@

.PHONY: setup
setup: $(INSTALLED) ## install the pinned dependencies

.PHONY: build
build: $(BUILT) ## compile to dist/

.PHONY: demo
demo: $(BUILT) ## load, clean and summarise all flights of 2013, then show a mart
	$(LOOM) run flights-2013 -f examples/flights
	$(LOOM) show marts.carrier_delays --storage examples/flights/storage.yaml --limit 10

.PHONY: dev
dev: $(BUILT) ## Kubernetes and the operator on this machine, until Ctrl-C (Linux, root; Go, once, to build the servers)
	node_modules/.bin/node test/cluster/dev/dev.ts

.PHONY: test
test: $(BUILT) ## types, lint, and every test that needs no cluster
	npm run --silent typecheck
	npm run --silent lint
	npm run --silent test

# Where the engine's extensions lie that S3 and xlsx need, for this working copy.
EXTENSIONS := .cache/extensions
EXTENSIONS_INSTALLED := $(EXTENSIONS)/httpfs.duckdb_extension $(EXTENSIONS)/excel.duckdb_extension

$(EXTENSIONS)/%.duckdb_extension: package-lock.json | $(BUILT)
	$(LOOM) extensions install $* --folder $(EXTENSIONS)
	@touch $@

.PHONY: extensions
extensions: $(EXTENSIONS_INSTALLED) ## fetch the engine's extensions httpfs and excel into .cache/extensions

.PHONY: test-s3
test-s3: $(BUILT) $(EXTENSIONS)/httpfs.duckdb_extension ## everything in a real S3 store (Go, once, to build versitygw; VERSITYGW=program for one that is there)
	node_modules/.bin/node test/s3/bed/versitygw.ts >/dev/null
	LOOM_EXTENSIONS=$(CURDIR)/$(EXTENSIONS) node_modules/.bin/node --test --test-concurrency=2 --test-timeout=600000 'test/s3/**/*.test.ts'

# Other implementations of Delta Lake, pinned, in an environment of their own.
INTEROP := .cache/interop-venv
INTEROP_INSTALLED := $(INTEROP)/.installed

$(INTEROP_INSTALLED): test/interop/requirements.txt
	rm -rf $(INTEROP)
	python3 -m venv $(INTEROP)
	$(INTEROP)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	@touch $@

.PHONY: test-interop
test-interop: setup $(INTEROP_INSTALLED) ## tables between us, delta-rs and DuckDB's delta extension, in both directions
	INTEROP_PYTHON=$(CURDIR)/$(INTEROP)/bin/python node_modules/.bin/node --test --test-timeout=1800000 'test/interop/**/*.test.ts'

# The peers, pinned, in an environment of their own.
BENCH := .cache/bench-venv
BENCH_INSTALLED := $(BENCH)/.installed

$(BENCH_INSTALLED): test/bench/requirements.txt
	rm -rf $(BENCH)
	python3 -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	@touch $@

.PHONY: bench
bench: build $(BENCH_INSTALLED) ## speed beside DuckDB alone, dbt-duckdb and loom-kernel (BENCH_ROWS=100000 for a quick look)
	BENCH_PYTHON=$(CURDIR)/$(BENCH)/bin/python node_modules/.bin/node test/bench/bench.ts
	$(MAKE) --no-print-directory bench-operator
	$(MAKE) --no-print-directory bench-dispatch

.PHONY: bench-operator
bench-operator: $(BUILT) ## what the operator costs, beside bare Jobs on the same control plane (Linux, root; Go, once)
	node_modules/.bin/node test/cluster/bed/servers.ts >/dev/null
	node_modules/.bin/node test/bench/operator/bench.ts

.PHONY: bench-dispatch
bench-dispatch: $(BUILT) ## how fast steps come to warm workers, beside Jobs and one process (Linux, root; Go, once)
	node_modules/.bin/node test/cluster/bed/servers.ts >/dev/null
	node_modules/.bin/node test/bench/dispatch/bench.ts

.PHONY: generate
generate: $(INSTALLED) ## write crds/ and the generated pages of docs/ anew
	npm run --silent generate

.PHONY: format
format: $(INSTALLED) ## format and fix what can be fixed
	npm run --silent format

.PHONY: test-cluster
test-cluster: $(BUILT) ## tests on a real control plane (Linux; Go, once, to build its servers)
	node_modules/.bin/node test/cluster/bed/servers.ts
	node_modules/.bin/node test/gitops/bed/judge.ts
	node_modules/.bin/node --test --test-concurrency=2 --test-timeout=900000 'test/cluster/**/*.test.ts'

# The name of the image that is built: push it to a registry of your own, and name that in the chart's values.
IMAGE ?= loom-operator:0.1.0

.PHONY: image
image: ## build the image (docker, podman or buildah; IMAGE=name:tag)
	scripts/build-image.sh $(IMAGE)

.PHONY: test-chart
test-chart: $(BUILT) ## the Helm chart: templates, values, and releases on a real control plane (Linux, root; Go, once, to build helm and the servers)
	node_modules/.bin/node test/chart/bed/helm.ts
	node_modules/.bin/node test/cluster/bed/servers.ts
	node_modules/.bin/node --test --test-concurrency=2 --test-timeout=900000 'test/chart/**/*.test.ts'

.PHONY: test-node
test-node: $(BUILT) ## image, chart and examples on a real node (Debian, root; containerd, runc, CNI plugins, buildah, mmdebstrap, iptables; Go, once)
	node_modules/.bin/node test/node/bed/enclave.ts node_modules/.bin/node --test --test-timeout=1800000 'test/node/**/*.test.ts'

.PHONY: demo-cluster
demo-cluster: $(BUILT) ## a real node, the image, the chart and a month of flights, from nothing, with the time of each stage (needs what test-node needs)
	node_modules/.bin/node test/node/bed/enclave.ts node_modules/.bin/node test/node/demo.ts
