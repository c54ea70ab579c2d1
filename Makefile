# The two commands for a fresh machine: `make demo` and `make test`. Each does its own set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
STAMP := node_modules/.package-lock.json

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: setup
setup: $(STAMP)

.PHONY: generate
generate: setup ## write crds/ and the generated pages of docs/ anew
	npm run --silent generate
