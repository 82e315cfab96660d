# All targets run from a clean clone on Debian as root; what is missing is installed, pinned. State is kept in AIRLOCK_BED.
export AIRLOCK_BED ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/airlock-bed
BED := tests/cluster/bed
IMAGES := tests/cluster/images
# gcc, because Rust links with it and the pause image is C; everything else is what the bed runs on
PACKAGES := runc iptables ipset iproute2 util-linux knot knot-dnsutils openssl ca-certificates skopeo python3 gcc libc6-dev

.PHONY: try test soak bench lint advisories docs cluster-up cluster-down packages

## a real cluster and a real install on this machine
try: packages
	tests/e2e/try

## everything that must hold before a change lands
test: packages
	cargo build --locked --workspace --bins
	$(BED) build
	cargo test --locked --workspace --no-fail-fast -- --test-threads=1

## long runs; the last report is committed
soak: packages
	tests/e2e/soak

## figures against the peers, printed and never asserted
bench: packages
	tests/e2e/bench

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	tests/house/arrows
	tests/house/dependencies

## known vulnerabilities of what the program is made of; needs the RustSec database from the network
advisories:
	tests/house/dependencies advisories

## write the parts of the pages anew that repeat what the program says; `make test` compares them
docs:
	AIRLOCK_WRITE_DOCS=1 cargo test --locked -p airlock --test documentation

cluster-up: packages
	$(BED) up

cluster-down:
	$(BED) down

packages:
	@missing=$$(for name in $(PACKAGES); do dpkg-query -W -f '$${db:Status-Status}' $$name 2>/dev/null | grep -q '^installed' || echo $$name; done); \
	[ -z "$$missing" ] && exit; \
	[ "$$(id -u)" = 0 ] || { echo "root is needed, for these packages and for the bed:" $$missing >&2; exit 1; }; \
	echo "installing" $$missing; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
