# slashguard: build, install and test. `make help` lists the targets.

PG_CONFIG ?= pg_config
DESTDIR ?=
INSTALL ?= install

# Their order is the order in the install script.
SQL_FILES = sql/schema.sql sql/tables.sql sql/shard_tables.sql sql/sequencer_tables.sql sql/backstop.sql sql/types.sql sql/functions.sql sql/ethereum.sql sql/bridge.sql sql/batch.sql sql/crypto.sql sql/switches.sql sql/shards.sql sql/sequencer.sql sql/protection.sql sql/views.sql sql/privileges.sql

EXTENSION = slashguard
VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)
CRATE_VERSION := $(shell sed -n '/^\[package\]/,/^\[dep/s/^version *= *"\(.*\)"/\1/p' Cargo.toml)
MODULE_VERSION := $(shell sed -n "s/^module_pathname *= *'.libdir\/$(EXTENSION)-\(.*\)'/\1/p" $(EXTENSION).control)
META_VERSIONS := $(shell sed -n 's/^ *"version": "\([0-9.]*\)",*$$/\1/p' META.json | grep -vx '1.0.0' | sort -u)
# Absolute: cargo runs it from another folder.
PG_CONFIG_PATH := $(abspath $(shell command -v "$(PG_CONFIG)" 2>/dev/null))
MAJOR := $(shell "$(PG_CONFIG)" --version 2>/dev/null | sed 's/^PostgreSQL \([0-9]*\).*/\1/')

UPGRADE_FILES := $(wildcard sql/$(EXTENSION)--*--*.sql)
LIBRARY = target/$(EXTENSION)-$(VERSION).so
INSTALL_SCRIPT = target/$(EXTENSION)--$(VERSION).sql
CRATE_FILES := $(shell find src -type f) Cargo.toml Cargo.lock $(wildcard build.rs .cargo/config.toml)
STRAY_SQL := $(filter-out $(SQL_FILES) $(UPGRADE_FILES),$(wildcard sql/*.sql))

SUITES = lint unit regress isolation waiting wire storm attestations eip3076 dump recovery positions loss freeze clock subscription sequencer crash failover standby logs pooler failures restore cron typed_data batches bridge plproxy readme aztec ha

# rustup puts cargo here, and a shell that was open before does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin
export PG_CONFIG INSTALL_RUST

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: all install uninstall installcheck setup ready demo demo-aztec story psql stop test $(SUITES:%=test-%) test-nightly bench bench-full bench-page bench-protected bench-interchange lint clean help \
	check-server check-versions FORCE

## all: build the library and the install script (the default)
all: $(LIBRARY) $(INSTALL_SCRIPT)

# Its content, not its date, says whether another server was chosen.
target/pg_config.txt: FORCE | check-server
	@mkdir -p target
	@{ echo $(PG_CONFIG_PATH); $(PG_CONFIG_PATH); } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(LIBRARY): $(CRATE_FILES) target/pg_config.txt | check-versions
	PGRX_PG_CONFIG_PATH=$(PG_CONFIG_PATH) cargo build --release --locked --target-dir target \
		--no-default-features --features pg$(MAJOR)
	@cp target/release/lib$(EXTENSION).so $@.new
	@mv $@.new $@

$(INSTALL_SCRIPT): $(SQL_FILES) Makefile $(EXTENSION).control | check-versions
	@mkdir -p target
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SQL_FILES); } > $@

check-server:
	@if [ -z "$(MAJOR)" ]; then \
		echo "There is no $(PG_CONFIG). Run 'make setup', or name one: make PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config" >&2; \
		exit 1; \
	fi
	@if [ "$(MAJOR)" -lt 15 ] || [ "$(MAJOR)" -gt 18 ]; then \
		echo "slashguard is for Postgres 15 to 18, and $(PG_CONFIG) is of Postgres $(MAJOR)." \
			"Name another: make PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config" >&2; \
		exit 1; \
	fi

check-versions:
	@for found in "Cargo.toml $(CRATE_VERSION)" "module_pathname $(MODULE_VERSION)" "META.json $(META_VERSIONS)"; do \
		if [ "$${found#* }" != "$(VERSION)" ]; then \
			echo "$(EXTENSION).control has default_version $(VERSION), but $${found%% *} says '$${found#* }'. Make them the same." >&2; \
			exit 1; \
		fi; \
	done
	@if [ -n "$(STRAY_SQL)" ]; then \
		echo "$(STRAY_SQL): neither in SQL_FILES in the Makefile nor an upgrade script $(EXTENSION)--A--B.sql. Add it or remove it." >&2; \
		exit 1; \
	fi

## install: put library, control file and scripts into the server of PG_CONFIG (DESTDIR is honoured)
install: all
	$(INSTALL) -d "$(DESTDIR)$$($(PG_CONFIG_PATH) --pkglibdir)" "$(DESTDIR)$$($(PG_CONFIG_PATH) --sharedir)/extension"
	$(INSTALL) -m 755 $(LIBRARY) "$(DESTDIR)$$($(PG_CONFIG_PATH) --pkglibdir)/"
	$(INSTALL) -m 644 $(EXTENSION).control $(INSTALL_SCRIPT) $(UPGRADE_FILES) "$(DESTDIR)$$($(PG_CONFIG_PATH) --sharedir)/extension/"

## uninstall: take them out again (libraries of other versions stay: databases may still use them)
uninstall: check-server
	rm -f "$(DESTDIR)$$($(PG_CONFIG_PATH) --pkglibdir)/$(EXTENSION)-$(VERSION).so"
	rm -f "$(DESTDIR)$$($(PG_CONFIG_PATH) --sharedir)/extension/$(EXTENSION).control"
	rm -f "$(DESTDIR)$$($(PG_CONFIG_PATH) --sharedir)/extension/$(EXTENSION)"--*.sql

## installcheck: regression and isolation tests against the running server that PGHOST, PGPORT and PGUSER name
installcheck: check-server
	@status=0; \
	for kind in regress isolation; do \
		bash pg_test/lib/regress.sh $$kind target/installcheck/$$kind || status=1; \
	done; \
	exit $$status

## setup: install what building and testing need and this machine lacks (Debian, Ubuntu; elsewhere it says what is missing)
setup:
	@bash pg_test/lib/setup.sh

# A make of its own: before the set-up there may have been no pg_config to read.
ready: setup
	@$(MAKE) --no-print-directory all
	@bash pg_test/lib/install.sh

## demo: three nodes race for the duties of a slot, on a private server made for it
demo: ready
	@bash pg_test/demo/run

## story: a bridge, step by step: signers, a daily limit, a sequencer that contradicts itself (docs/bridge.md); on the demo's server
story: ready
	@bash pg_test/bridge/story.sh
## demo-aztec: an Aztec node's own table, as it is and protected by one call
demo-aztec: ready
	@bash pg_test/demo/aztec.sh

## psql: a psql session in the demo's database
psql:
	@bash pg_test/demo/run psql

## stop: stop and remove the demo's server and every other private server under target/
stop:
	@bash pg_test/lib/stop.sh

## test: set up, build, install and run every suite but aztec and ha
test: ready
	@bash pg_test/run

## test-lint: cargo fmt and clippy
## test-unit: cargo test of the pure parts
## test-regress: pg_regress
## test-isolation: the races, one interleaving at a time
## test-wire: what only the bare protocol can do (pipelines, row limits)
## test-storm: many connections, conflicting hashes, cleanups; then no duty has two hashes
## test-attestations: many connections vote and propose for few Ethereum validators; then nothing slashable was granted
## test-eip3076: the official test files of EIP-3076 (SLASHGUARD_EIP3076_DIR=their folder)
## test-dump: pg_dump carries all history
## test-recovery: promotion, restore and copies are noticed and quarantined
## test-positions: data directories put back, witnesses after a restart, two primaries
## test-loss: alarms that something stands in the way of, and false ones
## test-freeze: frozen chains that arrive elsewhere, with and without their receipts
## test-clock: the server's clock goes back, or leaps (libfaketime)
## test-subscription: rows that logical replication brings are refused
## test-sequencer: a sequencer's messages over many connections, contradictory and forged ones among them (SEQUENCER_MESSAGES=400)
## test-crash: the server is killed again and again, and no claim is lost (CRASHES=3)
## test-failover: a standby takes over, synchronous or lagging, and no duty is granted twice
## test-logs: no token gets into the server's log
## test-standby: nothing is answered before a required standby has it, whatever ends the wait for it
## test-pooler: claims through PgBouncer, each call on another server connection
## test-failures: full disks, lost memory, cancelled statements, killed processes: what was granted holds
## test-restore: backups and data directories that are put back: what was granted after them is not granted anew
## test-cron: pg_cron runs the scheduled maintenance
## test-typed_data: digests and signatures compared with ethers, eth-account, libsodium, Milagro and noble (TYPED_DATA_CASES=10000)
## test-batches: many duties in one call: the same answers as one by one, nothing before the commit, beside everything else (BATCHES_SEED=20261121)
## test-bridge: the story of docs/bridge.md; and many connections ask for withdrawals of few recipients (BRIDGE_SECONDS=5 BRIDGE_SEED=1)
## test-plproxy: two shards behind PL/Proxy (docs/sharding.md); and a range moves from one to the other under load (PLPROXY_SECONDS=4)
## test-readme: everything the README shows
## test-aztec: the npm package's own ValidatorHASigner signs through slashguard, and on its own table (needs Node 20.10; STORM_SECONDS=20)
## test-ha: Patroni, etcd, HAProxy and PgBouncer: the primary is killed, paused and switched over again and again (HA_ROUNDS=8)
$(SUITES:%=test-%): test-%: ready
	@bash pg_test/run $*

## test-nightly: storms, crash and failover for longer, random histories and inputs by the million: STORM_SECONDS=600 CRASHES=20 SLASHGUARD_CASES=1000000
test-nightly: ready
	@STORM_SECONDS=$${STORM_SECONDS:-600} CRASHES=$${CRASHES:-20} SLASHGUARD_CASES=$${SLASHGUARD_CASES:-1000000} \
		bash pg_test/run unit storm attestations crash failover

## bench: figures beside the server's own limit and what others use, about 6 minutes (QUESTIONS="duty_cycle size" ROUNDS=3 CLIENTS="1 8 32")
bench: ready
	@bash pg_test/bench/run short $(QUESTIONS)

## bench-full: the same for longer, and growth and cleanup: 15 GB of disk, about half an hour (HISTORY_ROWS=30000000)
bench-full: ready
	@bash pg_test/bench/run full $(QUESTIONS)

## bench-page: put the figures of the last runs into docs/performance.md
bench-page:
	@PYTHONDONTWRITEBYTECODE=1 python3 pg_test/bench/suite/page.py

## bench-protected: a node's inserts a second into its own table, protected beside plain (ROUNDS=3 ROUND_SECONDS=2)
bench-protected: ready
	@bash pg_test/bench/run short protected

## bench-interchange: import and export of an EIP-3076 file: seconds and memory (ROUNDS=3 VALIDATORS=1000 ATTESTATIONS=1000)
bench-interchange: ready
	@bash pg_test/bench/interchange.sh

## lint: the same as test-lint without the set-up
lint: check-server
	@bash pg_test/run lint

## clean: stop private servers and remove everything that was built
clean: stop
	rm -rf target

## help: this list
help:
	@awk -F ': ' '/^## / { sub(/^## /, ""); name = $$1; sub(/^[^:]*: /, ""); printf "  make %-18s %s\n", name, $$0 }' Makefile
	@echo "  PG_CONFIG=...           the server to build for (default: pg_config)"
