# All targets run from a clean clone on Debian as root; what is missing is installed, pinned. State is kept in AIRLOCK_BED.
export AIRLOCK_BED ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/airlock-bed
BED := tests/cluster/bed
# Of packages and wheels alone: they are fetched and put together beside what is compiled. A room's test runs the platform's nginx.
IMAGES := pause nginx postgres airflow
# How many tests at once: most of a test on the bed is waiting, and one of them mostly for its turn with Airflow. More would keep two cores busy with the starts of pods alone.
TESTS ?= 4

.PHONY: try test soak bench bench-cold lint advisories docs cluster-up cluster-down packages

## a real cluster and a real install on this machine
try: packages
	tests/e2e/try

## everything that must hold before a change lands
test: packages
	@$(BED) check
	@$(BED) packages chromium strace
	{ $(BED) build && tests/cluster/images/build $(IMAGES) >/dev/null && $(BED) build versitygw helm; } & cargo build --locked --workspace --all-targets && wait $$!
# What an earlier run or `make try` left would run beside the tests, and they would wait for it.
	$(BED) down
	AIRLOCK_BED=$(AIRLOCK_BED)/beds/tests $(BED) clean
	RUST_TEST_THREADS=$(TESTS) cargo test --locked --workspace --no-fail-fast

## long runs; the last reports are committed. REPORTS='told airflow' writes these alone
soak: packages
	tests/e2e/soak $(or $(ROUNDS),6) $(REPORTS)
	$(if $(REPORTS),,tests/cluster/cgroup2)

## figures against the peers, printed and never asserted
bench: packages
	tests/e2e/bench

## what a newcomer waits for, in a clone with empty caches; an hour or so
bench-cold: packages
	tests/e2e/bench-cold

## needs no root where no package is missing
lint: packages
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	tests/house/arrows
	tests/house/dependencies
	tests/house/merged

## known vulnerabilities of what the program is made of; needs the RustSec database from the network
advisories:
	tests/house/dependencies advisories

## write the parts of the pages anew that repeat what the program says; `make test` compares them
docs:
	AIRLOCK_WRITE_DOCS=1 cargo test --locked -p airlock --test command documentation::
	AIRLOCK_WRITE_DOCS=1 cargo test --locked -p airlock-render --test render sizes

cluster-up: packages
	$(BED) up

cluster-down:
	$(BED) down

packages:
	@$(BED) packages
