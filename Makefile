# The same commands for people and for .ci/run. `make` alone lists them.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help build demo test mutants mutants-all bench soak soak-real lint proto conformance install uninstall fuzz

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the release program
	$(CARGO) build --release --locked

demo: ## watch the bot talk with a simulated node, no radio needed
	$(CARGO) run --release --locked -- demo

test: ## run all tests
	$(CARGO) test --locked

MUTANTS = target/tools/bin/cargo-mutants

$(MUTANTS):
	$(CARGO) install cargo-mutants --locked --root target/tools

mutants: $(MUTANTS) ## put faults into one file and see whether a test notices (FILE=src/bot/parse.rs)
	nice $(MUTANTS) mutants --file '$(FILE)' --jobs 1 --output target/mutants

mutants-all: $(MUTANTS) ## the same for all files that decide, in one build; writes tests/mutants.md
	scripts/mutants/mutants.py build
	scripts/mutants/mutants.py run
	scripts/mutants/mutants.py table

bench: ## measure the figures that the README gives (about five minutes; needs valgrind)
	$(CARGO) bench --locked --bench figures

# SECONDS is a variable of bash's own: only what is given to make counts.
soak: ## simulate hours of misfortune from many seeds (SECONDS=60, SEEDS=10000, SEED=0)
	@env $(if $(SECONDS),MESHBOT_SECONDS=$(SECONDS)) $(if $(SEEDS),MESHBOT_SEEDS=$(SEEDS)) \
		$(if $(SEED),MESHBOT_SEED=$(SEED)) \
		$(CARGO) test --profile soak --locked --test it -- --ignored --exact --nocapture \
		soak::as_many_as_the_time_allows

soak-real: ## let the real program live with a faulty node over real sockets (SECONDS=600)
	@env $(if $(SECONDS),MESHBOT_SECONDS=$(SECONDS)) \
		$(CARGO) test --release --locked --test it -- --ignored --exact --nocapture \
		soak::real::ten_minutes_of_faults

lint: ## check format, lints, documentation, shell scripts, no async runtime; list what languages lack
	@$(CARGO) fmt --version >/dev/null 2>&1 || { \
		echo "lint: cargo fmt is missing; rustup component add rustfmt (or apt-get install rustfmt)" >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { \
		echo "lint: cargo clippy is missing; rustup component add clippy (or apt-get install rust-clippy)" >&2; exit 1; }
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	@if grep -nE '^name = "(tokio|async-std|smol|futures-executor)"$$' Cargo.lock; then \
		echo "lint: an async runtime is in Cargo.lock; cargo tree -i NAME shows who brings it" >&2; exit 1; fi
	@if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; \
		else echo "lint: shellcheck is not installed, the scripts were not checked"; fi
	@scripts/languages.sh

proto: ## generate src/proto.rs from proto/meshbot.proto
	UPDATE_PROTO=1 $(CARGO) test --locked --test it proto_fresh

conformance: ## let other Meshtastic programs talk to the simulated node
	scripts/conformance.sh

install: ## install program and service (make build first; DESTDIR, PREFIX, INSTALL_FLAGS)
	DESTDIR='$(DESTDIR)' scripts/install.sh --prefix '$(PREFIX)' $(INSTALL_FLAGS)

uninstall: ## remove program and service, keep configuration and data
	DESTDIR='$(DESTDIR)' scripts/install.sh --uninstall --prefix '$(PREFIX)' $(INSTALL_FLAGS)

fuzz: ## say how to fuzz what reads bytes from outside
	@echo "once: rustup toolchain install nightly; cargo install cargo-fuzz --locked"
	@echo "then, for each target of cargo +nightly fuzz list (there is no unsafe code to sanitize):"
	@echo "  mkdir -p fuzz/corpus/TARGET fuzz/seeds/TARGET"
	@echo "  cargo +nightly fuzz run -s none TARGET fuzz/corpus/TARGET fuzz/seeds/TARGET -- -max_total_time=120"
	@echo "to keep what they have found, for make test as well:"
	@echo "  cargo +nightly fuzz run -s none TARGET fuzz/seeds/TARGET fuzz/corpus/TARGET -- -set_cover_merge=1 -use_counters=0 -max_len=512"
