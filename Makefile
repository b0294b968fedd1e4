# The commands of this house. Each brings the machine up to date first
# (`scripts/setup`, silent and instant when nothing is missing), so that any of
# them works in a fresh clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
ENV := . scripts/env;
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo demo-reset dev test screens sqlx words bench

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## install what is missing on this machine
	@scripts/setup

build: setup ## build the portal and the server
	@scripts/build

demo: build ## serve everything on http://127.0.0.1:3000, with seeded data
	@$(ENV) exec "$$IMPRIMATUR_RUN/imprimatur" demo

demo-reset: ## forget the demo's data; the next `make demo` starts over
	@scripts/demo-reset

dev: setup ## the demo, built again and reloaded whenever a file changes
	@$(ENV) export LEPTOS_SITE_ROOT="$$IMPRIMATUR_RUN/dev-site" IMPRIMATUR_SITE_DIR="$$IMPRIMATUR_RUN/dev-site"; exec cargo leptos watch -- demo

test: setup ## every check there is, cheapest first
	@scripts/test

screens: build ## pictures of every page, into end2end/screens/
	@npm --prefix end2end --silent run screens

sqlx: setup ## describe the checked queries anew, into .sqlx
	@scripts/sqlx

words: ## list every sentence anew, into words/imprimatur.pot
	@scripts/words

bench: setup ## ours and peers in turn: is it as fast as it should be? (BENCH="--only gate" for a part)
	@$(ENV) export BENCH_PEERS; BENCH_PEERS=$$(scripts/bench-setup); cargo build --quiet --release --package server --package bench; exec "$$CARGO_TARGET_DIR/release/bench" $(BENCH)
