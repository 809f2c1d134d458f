# Two commands do everything: `make demo` and `make test`. Both set up what they need.

# One target directory for every checkout: RocksDB takes a quarter of an hour to compile.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tidegate/target
TIDEGATE = $(CARGO_TARGET_DIR)/release/tidegate
VOLUME = topologies/payment_volume

.DEFAULT_GOAL := help
.PHONY: help demo test faults upgrade fuzz soak audit bench build first-time
SECONDS = 60

help:
	@echo "make demo    payment volume by hour and currency, from a file, on the embedded log"
	@echo "make test    format, lints and all tests, also those on a real Apache Kafka, and the benchmarks' short form (10 minutes when built)"
	@echo "make faults  every fault on a real Apache Kafka: kills, networks, disks, clocks, brokers (30 minutes; tests/faults/README.md)"
	@echo "make upgrade FROM=REVISION  processes of an earlier version of the program replaced by this one, under load (10 minutes)"
	@echo "make fuzz    both parsers, expressions and the formatter, a minute each by coverage; SECONDS=600 for longer (tests/fuzz/README.md)"
	@echo "make soak    simulations with faults from fresh seeds, a minute; SECONDS=3600 for longer (engine/sim/DESIGN.md)"
	@echo "make audit   known holes, licences and sources of everything that is linked in, with today's advisories (needs cargo-deny)"
	@echo "make bench   the benchmarks beside a hand-written program and Kafka Streams (40 minutes)"
	@echo "make build   only the program: $(TIDEGATE)"

first-time:
	@test -d $(CARGO_TARGET_DIR)/release/build || echo "The first build compiles RocksDB and librdkafka: some 20 minutes on 2 cores. A new clone takes three to five minutes after that, a change less."

build: first-time
	@.ci/setup run
	cargo build --release --locked -p tidegate-cli

demo: build
	@echo "== $(VOLUME)/topology.tide on $(VOLUME)/payments.ndjson: one final row for each hour and currency"
	@$(TIDEGATE) run $(VOLUME)/topology.tide --input payments=$(VOLUME)/payments.ndjson --output hourly=-

test: first-time
	@.ci/setup
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	cargo build --release --locked --workspace --all-targets
	@.ci/tests
	cargo bench --locked --workspace --bench '*' -- --short

faults: first-time
	@.ci/setup
	cargo build --release --locked --workspace --bin tidegate --test faults --test kafka_standbys
	cargo test --release --locked --workspace --test faults -- --long
	TIDEGATE_STANDBY_KEYS=1000000 cargo test --release --locked --workspace --test kafka_standbys -- --nocapture --test-threads 1

# The earlier program is kept beside the others: both are built into the same directory.
BEFORE = $(CARGO_TARGET_DIR)/before
upgrade: first-time
	@test -n "$(FROM)" || { echo "make upgrade FROM=REVISION: which version runs before this one?" >&2; exit 1; }
	@.ci/setup
	rm -rf $(BEFORE) && git worktree prune && git worktree add --detach $(BEFORE) $(FROM)
	cd $(BEFORE) && cargo build --release --locked --workspace --bin tidegate
	cp $(CARGO_TARGET_DIR)/release/tidegate $(CARGO_TARGET_DIR)/tidegate-before
	git worktree remove --force $(BEFORE)
	touch engine/cli/src/main.rs
	cargo build --release --locked --workspace --bin tidegate
	TIDEGATE_BEFORE=$(CARGO_TARGET_DIR)/tidegate-before cargo test --release --locked --workspace --test kafka_upgrade -- --nocapture

fuzz:
	@.ci/fuzz $(SECONDS)

soak: first-time
	@SIMULATION_SECONDS=$(SECONDS) cargo test --release --locked --workspace --test simulation seeds -- --nocapture

audit:
	@.ci/audit

bench: first-time
	@.ci/setup
	cargo build --release --locked --workspace --all-targets
	cargo bench --locked -p tidegate-suite
